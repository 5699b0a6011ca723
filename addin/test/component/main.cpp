// Tests of the built component: component-tests <path of the library> [part of the names of the tests to run]
#include <cstdio>
#include <cstdlib>

#include "component/fixture.h"

namespace {

const host::Library* loaded = nullptr;

}  // namespace

const host::Library& test::library() {
  return *loaded;
}

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "component-tests <path of the library> [part of a name]\n");
    return 2;
  }
  const host::Library library(arguments[1]);
  loaded = &library;
  return test::runTests(count > 2 ? arguments[2] : "") == 0 ? 0 : 1;
}
