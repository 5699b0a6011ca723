// Tests are functions with a sentence as name; a failed check throws.
#pragma once

#include <chrono>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace test {

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** Adds a test to the program. */
struct Register {
  Register(const char* name, void (*body)());
};

/** Adds a test that is generated from data. */
void addTest(const std::string& name, std::function<void()> body);

/**
 * Runs all tests whose name contains `filter`, prints each failure and finally `N passed, N failed`. Returns the number
 * of failures. With SLUICE_TEST_VERBOSE in the environment it also prints passed tests and their durations.
 */
int runTests(const std::string& filter);

template <typename One, typename Other>
void checkEqual(const One& actual, const Other& expected, const char* what, const char* file, int line) {
  if (actual == expected) return;
  std::ostringstream text;
  text << std::boolalpha << file << ":" << line << ": " << what << " is " << actual << ", expected " << expected;
  throw Failure(text.str());
}

inline void check(bool holds, const char* what, const char* file, int line) {
  if (!holds) throw Failure(std::string(file) + ":" + std::to_string(line) + ": is not true: " + what);
}

/** Waits until the condition is true; fails after half a minute. */
void waitUntil(const std::function<bool()>& holds, const char* what, const char* file, int line);

}  // namespace test

#define TEST_JOIN2(a, b) a##b
#define TEST_JOIN(a, b) TEST_JOIN2(a, b)
#define TEST(name)                                                                                \
  static void TEST_JOIN(test_, __LINE__)();                                                       \
  static const ::test::Register TEST_JOIN(register_, __LINE__)(name, TEST_JOIN(test_, __LINE__)); \
  static void TEST_JOIN(test_, __LINE__)()
#define CHECK(...) ::test::check((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected) ::test::checkEqual((actual), (expected), #actual, __FILE__, __LINE__)
#define WAIT_UNTIL(...) ::test::waitUntil([&]() -> bool { return (__VA_ARGS__); }, #__VA_ARGS__, __FILE__, __LINE__)
