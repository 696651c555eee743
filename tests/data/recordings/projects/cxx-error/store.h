#pragma once
#include <string>

class Store {
 public:
  int count(const std::string &name) const;
};
