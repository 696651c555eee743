export function price(cents) {
    const unused = 1
    return `${(cents/100).toFixed( 2 )} €`
}

export function isEmpty (o) {
  for (var key in o) return false;
  return true
}
