const assert = require("node:assert");
const slug = (text) => text.toLowerCase().replace(/ /g, "-");

describe("slug", () => {
  it("is in lower case", () => {
    assert.strictEqual(slug("Hello"), "hello");
  });

  it("has no umlauts", () => {
    assert.strictEqual(slug("Grüße aus Köln"), "gruesse-aus-koeln");
  });

  describe("of nothing", () => {
    before(() => {
      throw new TypeError("fixture not found: empty.json");
    });
    it("is empty", () => {
      assert.strictEqual(slug(""), "");
    });
  });

  it("calls back", (done) => {
    setTimeout(() => {}, 10);
  }).timeout(100);
});
