import { expect, test } from "vitest";
import { load } from "./config";

test("loads", () => {
  expect(load()).toMatchObject({ port: 8080 });
});
