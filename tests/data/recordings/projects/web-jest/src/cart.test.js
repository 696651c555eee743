const { total, find } = require("./cart");

describe("cart", () => {
  const items = [
    { sku: "apple", price: 120, count: 2 },
    { sku: "pear", price: 80, count: 1 },
  ];

  it("sums prices", () => {
    expect(total([])).toBe(0);
  });

  it("multiplies by the count", () => {
    expect(total(items)).toBe(320);
  });

  it("says which item is missing", () => {
    expect(() => find(items, "plum")).toThrow("no such item: plum");
  });

  it("keeps the items as they are", () => {
    expect(items.map(({ sku, count }) => ({ sku, count }))).toEqual([
      { sku: "apple", count: 2 },
      { sku: "pear", count: 3 },
    ]);
  });
});
