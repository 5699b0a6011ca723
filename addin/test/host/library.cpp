#include "host/library.h"

#include <stdexcept>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace host {

Library::Library(const std::string& path) {
#if defined(_WIN32)
  handle_ = LoadLibraryA(path.c_str());
  if (handle_ == nullptr) throw std::runtime_error(path + " cannot be loaded: error " + std::to_string(GetLastError()));
#else
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) throw std::runtime_error(dlerror());
#endif
  getClassNames = reinterpret_cast<decltype(getClassNames)>(find("GetClassNames"));
  getClassObject = reinterpret_cast<decltype(getClassObject)>(find("GetClassObject"));
  destroyObject = reinterpret_cast<decltype(destroyObject)>(find("DestroyObject"));
  setPlatformCapabilities = reinterpret_cast<decltype(setPlatformCapabilities)>(find("SetPlatformCapabilities"));
  getAttachType = reinterpret_cast<decltype(getAttachType)>(find("GetAttachType"));
}

Library::~Library() {
#if defined(_WIN32)
  FreeLibrary(static_cast<HMODULE>(handle_));
#else
  dlclose(handle_);
#endif
}

void* Library::find(const char* name) const {
#if defined(_WIN32)
  void* found = reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
#else
  void* found = dlsym(handle_, name);
#endif
  if (found == nullptr) throw std::runtime_error(std::string("the component does not export ") + name);
  return found;
}

}  // namespace host
