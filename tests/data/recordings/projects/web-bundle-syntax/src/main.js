import { theme } from "./theme.js";

document.body.className = theme;
