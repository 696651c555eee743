import { expect, test } from "vitest";
import { text } from "./error-page";

test("says 'FAILED' on error 500", () => {
  console.log("ERROR: deliberately written by a test that passes");
  expect(text(500)).toContain("failed");
});
