export class Queue<T> {
  private items: T[] = [];

  push(item: T) {
    this.items.unshift(item);
  }

  pop(): T {
    return this.items.pop() as T;
  }

  async drain(work: (item: T) => Promise<void>) {
    while (this.items.length > 0) {
      await work(this.items[0]);
    }
  }
}
