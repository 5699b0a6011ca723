// Loads a component as the platform does: from its file, with the names of its exports.
#pragma once

#include <string>

namespace host {

#if defined(_WIN32)
#define HOST_CALL __stdcall
#else
#define HOST_CALL
#endif

class Library {
 public:
  /** Throws std::runtime_error. */
  explicit Library(const std::string& path);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const char16_t* (*getClassNames)();
  long (*getClassObject)(const char16_t* name, void** object);
  long (*destroyObject)(void** object);
  int (*setPlatformCapabilities)(int capabilities);
  int (*getAttachType)();

 private:
  void* find(const char* name) const;

  void* handle_;
};

}  // namespace host
