// Tests without a platform: unit-tests <folder of the golden frames> [part of the names of the tests to run]
#include <cstdio>

#include "support/check.h"

void addGoldenTests(const std::string& folder);

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "unit-tests <folder of the golden frames> [part of a name]\n");
    return 2;
  }
  addGoldenTests(arguments[1]);
  return test::runTests(count > 2 ? arguments[2] : "") == 0 ? 0 : 1;
}
