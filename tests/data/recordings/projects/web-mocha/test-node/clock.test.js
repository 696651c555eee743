const assert = require("node:assert");
const { describe, it } = require("node:test");

describe("clock", () => {
  it("ticks", () => {
    assert.ok(Date.now() > 0);
  });

  it("adds minutes over midnight", () => {
    assert.deepStrictEqual({ hours: 24, minutes: 5 }, { hours: 0, minutes: 5 });
  });
});
