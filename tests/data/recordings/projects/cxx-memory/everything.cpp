#include <bits/stdc++.h>

std::regex expression("a+");
