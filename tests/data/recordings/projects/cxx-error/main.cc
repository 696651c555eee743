#include <map>
#include <string>
#include <vector>

#include "store.h"

int main() {
  std::map<std::string, int> stock;
  std::vector<std::string> names{"apple", "pear"};
  stock.push_back(names);
  return Store().count("apple");
}
