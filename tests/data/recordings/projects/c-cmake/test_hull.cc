int main(int argc, char **) {
  volatile int *nowhere = nullptr;
  return argc > 0 ? *nowhere : 0;
}
