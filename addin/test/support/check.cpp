#include "support/check.h"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace test {
namespace {

struct Test {
  std::string name;
  std::function<void()> body;
};

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

/** SLUICE_TEST_PATIENCE multiplies this time, for tools that slow the tests down. */
std::chrono::seconds patience() {
  const char* factor = std::getenv("SLUICE_TEST_PATIENCE");
  return std::chrono::seconds(30 * (factor != nullptr ? std::atoi(factor) : 1));
}

}  // namespace

Register::Register(const char* name, void (*body)()) {
  addTest(name, body);
}

void addTest(const std::string& name, std::function<void()> body) {
  tests().push_back({name, std::move(body)});
}

int runTests(const std::string& filter) {
  int passed = 0;
  int failed = 0;
  const bool verbose = std::getenv("SLUICE_TEST_VERBOSE") != nullptr;
  for (const Test& one : tests()) {
    if (one.name.find(filter) == std::string::npos) continue;
    const auto begun = std::chrono::steady_clock::now();
    try {
      one.body();
      ++passed;
      if (verbose)
        std::printf("%6.2f s  %s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(),
                    one.name.c_str());
    } catch (const std::exception& error) {
      ++failed;
      std::printf("FAILED %s\n  %s\n", one.name.c_str(), error.what());
      std::fflush(stdout);
    }
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed;
}

void waitUntil(const std::function<bool()>& holds, const char* what, const char* file, int line) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Failure(std::string(file) + ":" + std::to_string(line) + ": was not true in time: " + what);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace test
