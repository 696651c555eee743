import { render } from "./render.js";
import { debounce } from "lodash-es";

window.addEventListener("resize", debounce(render, 100));
