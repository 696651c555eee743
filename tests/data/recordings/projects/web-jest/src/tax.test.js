const { rate } = require("./tax");

test("the rate of books", () => {
  expect(rate("book")).toBe(7);
});
