#include "shapes.h"

#include <cassert>
#include <cstdio>

int main() {
  std::printf("area of 3 x 4\n");
  assert(area(3, 4) == 12);
}
