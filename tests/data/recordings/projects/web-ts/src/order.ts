import { readFile } from "node:fs/promises";
import { createInvoice } from "./invoice.js";
import { parse } from "yaml";

export interface Order {
  id: number;
  customer: string;
  lines: { sku: string; count: number }[];
}

export async function load(path: string): Promise<Order> {
  const text = await readFile(path);
  return parse(text);
}

export function count(order: Order): string {
  return order.lines.reduce((sum, line) => sum + line.cuont, 0);
}

createInvoice({ id: "17", customer: "ACME" });
