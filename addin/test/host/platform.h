// A platform for tests: a memory manager that tracks every pointer, and a short queue of events.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/layout.h"

namespace host {

struct Event {
  std::string source;
  std::string event;
  std::string data;
};

class Platform {
 public:
  /** `applicationType`: 0 thin client, 3 server, and so on. */
  explicit Platform(int applicationType = 0);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  void* connection() { return &connection_; }
  void* memoryManager() { return &memory_; }

  // --- the queue of events, used as the user interface of the client uses it
  /** Takes the next event, as an idle user interface does. Returns false if there is none. */
  bool takeEvent(Event& event);
  /** Without a handler no event is queued. */
  void setHandlerAvailable(bool available) { handlerAvailable_ = available; }
  /** The depth is never set above this. */
  void setMaxDepth(long depth) { maxDepth_ = depth; }
  long depth() const { return depth_; }
  std::size_t queued() const;
  int refusedEvents() const { return refusedEvents_; }

  /** Makes every later call of the component a failure. */
  void close() { closed_ = true; }

  /** Returns the texts that the component has thrown since the last call. */
  std::vector<std::string> takeErrors();

  // --- memory
  void* allocate(std::size_t bytes);
  /** Returns the size of a live block. Throws for an unknown pointer. */
  std::size_t sizeOf(const void* memory) const;
  void release(void* memory);
  std::size_t liveBlocks() const;
  /** Lets this number of allocations succeed and all later ones fail; a negative number lets all succeed. */
  void limitAllocations(int count) { allocationsLeft_ = count; }

  /** Returns the violations of the rules; empty if there were none. */
  std::vector<std::string> takeViolations();

 private:
  struct Interface {
    void** table;
    Platform* platform;
  };
  struct ApplicationInfo {
    const char16_t* version;
    const char16_t* userAgent;
    int type;
  };

  static Platform& of(void* self) { return *static_cast<Interface*>(self)->platform; }
  void violate(const std::string& what);
  void expectMainThread(const char* what);

  static bool HOST_CALL allocateMemory(void* self, void** memory, unsigned long bytes);
  static void HOST_CALL freeMemory(void* self, void** memory);
  static bool HOST_CALL addError(void* self, unsigned short code, const char16_t* source, const char16_t* text,
                                 long number);
  static bool HOST_CALL setEventBufferDepth(void* self, long depth);
  static long HOST_CALL getEventBufferDepth(void* self);
  static bool HOST_CALL externalEvent(void* self, char16_t* source, char16_t* event, char16_t* data);
  static void* HOST_CALL getInterface(void* self, int which);
  static const ApplicationInfo* HOST_CALL getPlatformInfo(void* self);

  const std::thread::id mainThread_ = std::this_thread::get_id();
  void* connectionTable_[16] = {};
  void* memoryTable_[8] = {};
  void* infoTable_[1] = {};
  Interface connection_{connectionTable_, this};
  Interface memory_{memoryTable_, this};
  Interface info_{infoTable_, this};
  ApplicationInfo application_{u"8.3.27.1", u"", 0};

  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::atomic<long> depth_{1};
  std::atomic<long> maxDepth_{10'000};
  std::atomic<bool> handlerAvailable_{true};
  std::atomic<int> refusedEvents_{0};
  std::atomic<bool> closed_{false};
  std::map<const void*, std::size_t> blocks_;
  int allocationsLeft_ = -1;
  std::vector<std::string> errors_;
  std::vector<std::string> violations_;
};

}  // namespace host
