#include "session/log.h"

#include <chrono>
#include <ctime>

#include "text/utf.h"

namespace sluice::session {
namespace {

constexpr std::size_t kLines = 200;

/** In UTC, because people compare lines of several machines. */
std::string now() {
  const auto time = std::chrono::system_clock::now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
#if defined(_WIN32)
  gmtime_s(&parts, &seconds);
#else
  gmtime_r(&seconds, &parts);
#endif
  char date[32] = "";
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[8] = "";
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(milliseconds));
  return std::string(date) + fraction;
}

std::FILE* openForAppending(const std::string& path) {
#if defined(_WIN32)
  const std::u16string wide = text::toUtf16(path);
  return _wfopen(reinterpret_cast<const wchar_t*>(wide.c_str()), L"ab");
#else
  return std::fopen(path.c_str(), "abe");
#endif
}

}  // namespace

void Log::write(std::string_view line) {
  std::string entry = now() + " " + std::string(line);
  const std::lock_guard lock(mutex_);
  if (file_) {
    std::fprintf(file_.get(), "%s\n", entry.c_str());
    std::fflush(file_.get());
  }
  lines_.push_back(std::move(entry));
  if (lines_.size() > kLines) lines_.pop_front();
}

std::string Log::text() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  return all;
}

bool Log::useFile(const std::string& path) {
  std::unique_ptr<std::FILE, CloseFile> file;
  if (!path.empty()) file.reset(openForAppending(path));
  if (!path.empty() && !file) return false;
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
  path_ = path;
  return true;
}

std::string Log::file() const {
  const std::lock_guard lock(mutex_);
  return path_;
}

}  // namespace sluice::session
