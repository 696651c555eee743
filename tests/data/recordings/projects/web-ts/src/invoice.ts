import type { Order } from "./order.js";

export function createInvoice(order: Order, due: Date) {
  let number: string = order.id;
  return { number, due };
}
