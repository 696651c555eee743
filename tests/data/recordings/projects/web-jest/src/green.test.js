test("errors are objects", () => {
  console.error("Error: this is expected, nothing FAILED here");
  expect(new Error("x")).toBeInstanceOf(Error);
});
