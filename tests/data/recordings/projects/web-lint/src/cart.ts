export function total(items: any[], vat) {
  let sum = 0;
  let rate = vat / 100;
  for (let item of items) {
    if (item.kind == "discount") {
      sum -= item.price;
    } else {
      sum += item.price * item.count;
    }
  }
  console.log("total", sum);
  return sum * (1 + rate);
}

export function freeShipping(sum: number) {
  debugger;
  return summ > 50;
}
