import { theme, colours } from "./theme.js";

export function render() {
  document.body.style.background = colours.background ?? theme;
}
