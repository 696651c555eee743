import { describe, expect, it } from "vitest";
import { Queue } from "./queue";

describe("Queue", () => {
  it("gives back what was pushed last", () => {
    const queue = new Queue<number>();
    queue.push(1);
    queue.push(2);
    expect(queue.pop()).toBe(2);
  });

  it("refuses to pop when it is empty", () => {
    expect(() => new Queue<number>().pop()).toThrow(/empty/);
  });

  it("drains in time", { timeout: 300 }, async () => {
    const queue = new Queue<string>();
    queue.push("job");
    await queue.drain(() => new Promise((resolve) => setTimeout(resolve, 20)));
  });
});
