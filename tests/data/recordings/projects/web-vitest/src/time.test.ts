import { expect, test } from "vitest";

test("days have 24 hours", () => {
  expect(24 * 3600).toBe(86400);
});
