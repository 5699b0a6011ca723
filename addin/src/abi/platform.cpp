#include "abi/platform.h"

#include <cstring>
#include <limits>

namespace sluice::abi {

bool Platform::externalEvent(std::u16string source, std::u16string event, std::u16string data) const {
  if (connection_ == nullptr) return false;
  return connectionTable()->externalEvent(connection_, source.data(), event.data(), data.data());
}

long Platform::setEventBufferDepth(long depth) const {
  if (connection_ == nullptr) return 0;
  connectionTable()->setEventBufferDepth(connection_, depth);
  return connectionTable()->getEventBufferDepth(connection_);
}

void Platform::throwError(std::u16string_view text) const {
  if (connection_ == nullptr) return;
  const std::u16string terminated(text);
  connectionTable()->addError(connection_, kErrorVeryImportant, u"Sluice", terminated.c_str(), 1);
}

ApplicationType Platform::applicationType() const {
  // before the platform has announced capabilities, the table may end before getInterface
  if (connection_ == nullptr || announcedCapabilities.load() < 1) return ApplicationType::unknown;
  void* found = connectionTable()->getInterface(connection_, kPlatformInfoInterface);
  if (found == nullptr) return ApplicationType::unknown;
  const ApplicationInfo* info = (*static_cast<PlatformInfoTable* const*>(found))->getPlatformInfo(found);
  return info == nullptr ? ApplicationType::unknown : info->type;
}

char16_t* Platform::copyText(std::u16string_view text) const {
  auto* copy = static_cast<char16_t*>(allocate((text.size() + 1) * sizeof(char16_t)));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text.data(), text.size() * sizeof(char16_t));
  copy[text.size()] = u'\0';
  return copy;
}

char* Platform::copyBytes(std::string_view bytes) const {
  auto* copy = static_cast<char*>(allocate(bytes.empty() ? 1 : bytes.size()));
  if (copy != nullptr) std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

void Platform::release(void** memory) const {
  if (memory_ != nullptr) memoryTable()->release(memory_, memory);
}

void* Platform::allocate(std::size_t bytes) const {
  if (memory_ == nullptr || bytes > std::numeric_limits<std::uint32_t>::max()) return nullptr;
  void* memory = nullptr;
  return memoryTable()->allocate(memory_, &memory, static_cast<unsigned long>(bytes)) ? memory : nullptr;
}

}  // namespace sluice::abi
