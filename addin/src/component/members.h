// The table of what code in 1C can see: names in English and Russian, parameters, and what they do.
#pragma once

#include <cstddef>
#include <string_view>

#include "component/component.h"

namespace sluice::component {

struct Property {
  std::u16string_view english, russian;
  Value (*get)(const Component&);
  /** Null: read-only. */
  void (*set)(Component&, const Value&);
};

struct Parameter {
  enum class Default { none, text, number };

  Default kind = Default::none;
  const char* text = "";
  std::int32_t number = 0;
};

inline constexpr std::size_t kMaxParameters = 5;

struct Method {
  std::u16string_view english, russian;
  std::size_t parameterCount;
  bool returnsValue;
  Value (*call)(Component&, const Arguments&);
  Parameter parameters[kMaxParameters];
};

template <typename Entry>
struct Table {
  const Entry* entries;
  std::size_t size;

  /** -1 when there is none of this name. */
  long find(std::u16string_view name) const;
  const Entry* at(long index) const {
    return index >= 0 && static_cast<std::size_t>(index) < size ? entries + index : nullptr;
  }
};

Table<Property> properties();
Table<Method> methods();

/** The default of an optional parameter, or null. */
const Parameter* optionalParameter(const Method& method, long index);
Value defaultOf(const Parameter& parameter);

}  // namespace sluice::component
