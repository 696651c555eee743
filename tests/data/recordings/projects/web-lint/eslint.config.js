import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(js.configs.recommended, tseslint.configs.recommended, {
  languageOptions: { globals: globals.browser },
  rules: { eqeqeq: "error", "prefer-const": "error", "no-console": "warn" },
});
