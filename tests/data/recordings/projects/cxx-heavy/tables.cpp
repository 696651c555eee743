constexpr long spin(long n) {
  long sum = 0;
  for (long i = 0; i < n; i++) {
    sum += i;
  }
  return sum;
}

static_assert(spin(1000000000) > 0);
