// SPDX-License-Identifier: Apache-2.0
//
// relume/relume.hpp - the C++17 face: header-only over relume/relume.h, which is the manual. Handles own and move; a call that
// is documented wait-free neither throws nor allocates; every other one throws relume::Error.
#pragma once

#include <relume/relume.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace relume {

/// Thrown by blocking calls. The message says what happened and what to do; culprit() who is to blame.
class Error : public std::runtime_error {
 public:
  explicit Error(const relume_error& error, std::uint32_t change = 0)
      : std::runtime_error(error.message),
        code_(static_cast<relume_result>(error.code)),
        culprit_(error.culprit),
        change_(change) {}
  relume_result code() const noexcept { return code_; }
  const std::string& culprit() const noexcept { return culprit_; }
  /// The stable name of the code, such as "out-of-range".
  const char* reason() const noexcept { return relume_result_name(code_); }
  /// Of a rejected change-set: the index of the change to blame.
  std::uint32_t change() const noexcept { return change_; }

 private:
  relume_result code_;
  std::string culprit_;
  std::uint32_t change_;
};

namespace detail {
/// A show and whether it is still open: handles that outlive it find out.
struct Open {
  explicit Open(relume_show* show) noexcept : raw(show) {}
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  ~Open() { relume_show_close(raw, nullptr); }
  relume_show* raw;
};
/// A handle that ends with itself or with its show, whichever is first.
template <class T, void (*Close)(T*)>
class Role {
 public:
  Role(std::weak_ptr<Open> show, T* raw) noexcept : show_(std::move(show)), raw_(raw) {}
  Role(Role&& other) noexcept : show_(std::move(other.show_)), raw_(std::exchange(other.raw_, nullptr)) {}
  Role& operator=(Role&& other) noexcept {
    std::swap(show_, other.show_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Role() {
    if (raw_ != nullptr && show_.lock() != nullptr) Close(raw_);
  }
  T* get() const noexcept { return raw_; }

 private:
  std::weak_ptr<Open> show_;
  T* raw_;
};
inline void close_events(relume_events* events) { relume_events_close(events, nullptr); }
inline void check(relume_result result, const relume_error& error) {
  if (result != RELUME_OK) throw Error(error);
}
}  // namespace detail

/// Values, one function per type.
inline relume_value boolean(bool on) noexcept { return relume_value_bool(on ? 1 : 0); }
inline relume_value integer(std::int32_t v) noexcept { return relume_value_int(v); }
inline relume_value scalar(float v) noexcept { return relume_value_float(v); }
inline relume_value vec2(float x, float y) noexcept { return relume_value_vec2(x, y); }
inline relume_value vec3(float x, float y, float z) noexcept { return relume_value_vec3(x, y, z); }
inline relume_value vec4(float x, float y, float z, float w) noexcept { return relume_value_vec4(x, y, z, w); }
inline relume_value color(float r, float g, float b, float a = 1.0F) noexcept { return relume_value_color(r, g, b, a); }
inline relume_value choice(std::int32_t index) noexcept { return relume_value_enum(index); }
inline relume_value time(std::int64_t nanoseconds) noexcept { return relume_value_time(nanoseconds); }
/// Fires a trigger.
inline relume_value trigger(std::uint32_t pulses = 1) noexcept { return relume_value_trigger(pulses); }
/// Borrowed: the string must live as long as the value is used.
inline relume_value text(const std::string& utf8) noexcept {
  relume_value value{};
  value.type = RELUME_TEXT;
  value.as.text.data = utf8.data();
  value.as.text.size = utf8.size();
  return value;
}

/// A parameter definition, built by chained calls: Param("level", RELUME_FLOAT).range(0, 1).initial(scalar(1)).
class Param {
 public:
  Param(std::string key, relume_type type) : key_(std::move(key)) { def_.type = static_cast<std::uint32_t>(type); }
  Param& range(double min, double max) { def_.min = min, def_.max = max; return *this; }
  Param& initial(relume_value value) { def_.default_value = value; return *this; }
  /// Of a text.
  Param& initial(std::string utf8) { def_.default_value.type = RELUME_TEXT; text_ = std::move(utf8); return *this; }
  /// Out of range is clamped instead of rejected.
  Param& clamp() { def_.flags |= RELUME_PARAM_CLAMP; return *this; }
  Param& recall_safe() { def_.flags |= RELUME_PARAM_RECALL_SAFE; return *this; }
  Param& lossy() { def_.flags |= RELUME_PARAM_LOSSY; return *this; }
  /// Among sources of equal priority the highest value wins, not the latest.
  Param& highest() { def_.flags |= RELUME_PARAM_HIGHEST; return *this; }
  Param& smoothing(std::int64_t tau_ns) { def_.smoothing_ns = tau_ns; return *this; }
  Param& settle(std::int64_t ns) { def_.settle_ns = ns; return *this; }
  Param& commit(relume_commit_policy policy) { def_.commit_policy = static_cast<std::uint32_t>(policy); return *this; }
  Param& labels(std::vector<std::string> texts) { labels_ = std::move(texts); return *this; }

 private:
  friend class LayerType;
  relume_param_def def_ = RELUME_PARAM_DEF_INIT;
  std::string key_;
  std::vector<std::string> labels_;
  std::string text_;
};

/// A layer type: key, parameters, version of the host's own. It holds what the C definition points to.
class LayerType {
 public:
  LayerType(std::string key, std::vector<Param> params, std::uint32_t version = 1)
      : key_(std::move(key)), params_(std::move(params)), labels_(params_.size()) {
    defs_.reserve(params_.size());
    for (std::size_t i = 0; i < params_.size(); ++i) {
      defs_.push_back(params_[i].def_);
      defs_.back().key = params_[i].key_.c_str();
      if (defs_.back().default_value.type == RELUME_TEXT) defs_.back().default_value = text(params_[i].text_);
      for (const std::string& label : params_[i].labels_) labels_[i].push_back(label.c_str());
      defs_.back().labels = labels_[i].empty() ? nullptr : labels_[i].data();
      defs_.back().label_count = static_cast<std::uint32_t>(labels_[i].size());
    }
    def_.version = version;
  }
  LayerType(const LayerType&) = delete;
  LayerType& operator=(const LayerType&) = delete;
  /// Borrowed from this object.
  relume_layer_type_def def() const noexcept {
    relume_layer_type_def def = def_;
    def.key = key_.c_str();
    def.params = defs_.data();
    def.param_count = defs_.size();
    return def;
  }

 private:
  relume_layer_type_def def_ = RELUME_LAYER_TYPE_DEF_INIT;
  std::string key_;
  std::vector<Param> params_;
  std::vector<std::vector<const char*>> labels_;
  std::vector<relume_param_def> defs_;
};

/// The declared layer types and the stack of a new show.
class Schema {
 public:
  Schema() {
    relume_error error = RELUME_ERROR_INIT;
    relume_schema* raw = nullptr;
    detail::check(relume_schema_create(&raw, &error), error);
    handle_.reset(raw);
  }
  Schema& type(const std::string& key, std::vector<Param> params, std::uint32_t version = 1) {
    return type(LayerType(key, std::move(params), version));
  }
  Schema& type(const LayerType& type) {
    const relume_layer_type_def def = type.def();
    relume_error error = RELUME_ERROR_INIT;
    detail::check(relume_schema_add_type(handle_.get(), &def, &error), error);
    return *this;
  }
  Schema& layer(const std::string& key, const std::string& type_key) {
    relume_error error = RELUME_ERROR_INIT;
    detail::check(relume_schema_add_layer(handle_.get(), key.c_str(), type_key.c_str(), &error), error);
    return *this;
  }
  Schema& record(const std::string& key, relume_record_kind kind, const std::string& bytes) {
    relume_error error = RELUME_ERROR_INIT;
    detail::check(relume_schema_add_record(handle_.get(), key.c_str(), static_cast<std::uint32_t>(kind), bytes.data(),
                                           bytes.size(), &error), error);
    return *this;
  }
  const relume_schema* get() const noexcept { return handle_.get(); }

 private:
  struct Destroy { void operator()(relume_schema* s) const noexcept { relume_schema_destroy(s); } };
  std::unique_ptr<relume_schema, Destroy> handle_;
};

/// A frame that a Reader lends, or that retain() keeps. Reading is wait-free.
class Frame {
 public:
  explicit Frame(const relume_frame* raw) noexcept : raw_(raw) {}
  const relume_frame* operator->() const noexcept { return raw_; }
  const relume_frame& operator*() const noexcept { return *raw_; }
  /// The parameter's slots, nullptr when this frame does not have it.
  const relume_slot* at(relume_param param) const noexcept { return relume_frame_at(raw_, param); }
  /// Where everything lies, of one layer or of all; as many rows as fit, and how many there are.
  std::size_t layout(relume_frame_param* rows, std::size_t capacity, relume_layer layer = {0}) const noexcept {
    return relume_frame_layout(raw_, layer, rows, capacity);
  }
  /// The same, whole. Allocates.
  std::vector<relume_frame_param> layout(relume_layer layer = {0}) const {
    std::vector<relume_frame_param> rows(layout(nullptr, 0, layer));
    layout(rows.data(), rows.size(), layer);
    return rows;
  }

 private:
  const relume_frame* raw_;
};

/// DMX out of floats (relume/dmx.h). Wait-free; the reason is returned.
namespace dmx {
/// One channel for each value, or what the flags say.
inline relume_result pack(const float* values, std::size_t count, std::uint8_t* channels, std::size_t channel_count,
                          std::uint32_t flags = 0, std::uint32_t tick = 0, std::size_t stride = 1) noexcept {
  return relume_dmx_pack(values, stride, count, flags, tick, channels, channel_count);
}
/// A universe out of a frame; `culprit` is the line to blame.
inline relume_result pack(const relume_dmx_patch* patch, std::size_t count, Frame frame, double master, std::uint32_t tick,
                          std::uint8_t* channels, std::size_t channel_count, std::size_t* culprit = nullptr) noexcept {
  return relume_dmx_pack_universe(patch, count, frame->slots, frame->slot_count, master, tick, channels, channel_count,
                                  culprit);
}
}  // namespace dmx

/// A frame kept past the reader's next acquire, and past the show's close.
class RetainedFrame {
 public:
  /// \throws Error RELUME_E_LIMIT when max_retained are held.
  explicit RetainedFrame(Frame frame) {
    if (relume_frame_retain(&*frame) != RELUME_OK) {
      relume_error error = RELUME_ERROR_INIT;
      error.code = RELUME_E_LIMIT;
      static const char text[] = "too many frames are retained; release one or raise max_retained";
      for (std::size_t i = 0; i < sizeof text; ++i) error.message[i] = text[i];
      throw Error(error);
    }
    raw_.reset(&*frame);
  }
  Frame get() const noexcept { return Frame(raw_.get()); }

 private:
  struct Release { void operator()(const relume_frame* f) const noexcept { relume_frame_release(f); } };
  std::unique_ptr<const relume_frame, Release> raw_;
};

/// The reader role of one output. It ends with its show at the latest, and must not be used after that.
class Reader {
 public:
  /// The newest frame, borrowed until the next acquire. Wait-free.
  [[nodiscard]] Frame acquire() noexcept { return Frame(relume_reader_acquire(handle_.get())); }

 private:
  friend class Show;
  Reader(const std::shared_ptr<detail::Open>& show, relume_reader* raw) : handle_(show, raw) {}
  detail::Role<relume_reader, relume_reader_close> handle_;
};

/// The source role of one automation input. It ends with its show at the latest, and must not be used after that.
/// Writes are wait-free and return the reason.
class Source {
 public:
  relume_result write(relume_param param, const relume_value& value, std::int64_t now_ns) noexcept {
    return relume_overlay_write(handle_.get(), param, &value, now_ns);
  }
  /// All land in one frame, or none is written; `culprit` is then the index to blame.
  relume_result write(const relume_overlay_value* values, std::size_t count, std::int64_t now_ns,
                      std::size_t* culprit = nullptr) noexcept {
    return relume_overlay_write_many(handle_.get(), values, count, now_ns, culprit);
  }
  relume_result release(relume_param param, std::int64_t now_ns) noexcept {
    return relume_overlay_release(handle_.get(), param, now_ns);
  }
  /// A gesture: somebody takes the parameter into the hand; what is changed is committed once, at the end, or not at all.
  relume_result begin(relume_param param, std::int64_t now_ns) noexcept {
    return relume_gesture_begin(handle_.get(), param, now_ns);
  }
  relume_result change(relume_param param, const relume_value& value, std::int64_t now_ns) noexcept {
    return relume_gesture_change(handle_.get(), param, &value, now_ns);
  }
  relume_result end(relume_param param, std::int64_t now_ns) noexcept {
    return relume_gesture_end(handle_.get(), param, now_ns);
  }
  relume_result abort(relume_param param, std::int64_t now_ns) noexcept {
    return relume_gesture_abort(handle_.get(), param, now_ns);
  }
  relume_source_info info() const noexcept {
    relume_source_info info = RELUME_SOURCE_INFO_INIT;
    relume_source_info_get(handle_.get(), &info);
    return info;
  }

 private:
  friend class Show;
  Source(const std::shared_ptr<detail::Open>& show, relume_source* raw) : handle_(show, raw) {}
  detail::Role<relume_source, relume_source_close> handle_;
};

/// A source that always writes the same run of float slots, whole. Writing is wait-free.
class Stream {
 public:
  /// As many values as the stream has slots; on error none is written, and `culprit` is the index to blame.
  relume_result write(const float* values, std::size_t count, std::int64_t now_ns, std::size_t* culprit = nullptr) noexcept {
    return relume_stream_write(handle_.get(), values, count, now_ns, culprit);
  }
  relume_source_info info() const noexcept {
    relume_source_info info = RELUME_SOURCE_INFO_INIT;
    relume_stream_info_get(handle_.get(), &info);
    return info;
  }

 private:
  friend class Show;
  Stream(const std::shared_ptr<detail::Open>& show, relume_stream* raw) : handle_(show, raw) {}
  detail::Role<relume_stream, relume_stream_close> handle_;
};

/// A polled subscription to what happens. It ends with its show at the latest, and must not be used after that.
class Events {
 public:
  /// Up to `capacity` events, oldest first; `missed` counts those lost before them.
  std::vector<relume_event> poll(std::size_t capacity = 256, std::uint64_t* missed = nullptr) {
    std::vector<relume_event> events(capacity);
    std::size_t count = 0;
    relume_error error = RELUME_ERROR_INIT;
    detail::check(relume_events_poll(handle_.get(), events.data(), capacity, &count, missed, &error), error);
    events.resize(count);
    return events;
  }

 private:
  friend class Show;
  Events(const std::shared_ptr<detail::Open>& show, relume_events* raw) : handle_(show, raw) {}
  detail::Role<relume_events, detail::close_events> handle_;
};

/// Every kind of field with its class and where it is saved (relume/classification.h).
inline std::vector<relume_field> classification() {
  std::vector<relume_field> all;
  relume_field field = RELUME_FIELD_INIT;
  while (relume_classification(all.size(), &field) == RELUME_OK) all.push_back(field);
  return all;
}

/// Changes that are applied as one: one revision for all, or none. Texts and records are copied into it.
class ChangeSet {
 public:
  ChangeSet& set(relume_param p, relume_value v) { return add(RELUME_CHANGE_SET, p, v); }
  ChangeSet& persist(relume_param p, relume_value v) { return add(RELUME_CHANGE_PERSIST, p, v); }
  ChangeSet& store(relume_layer l = {0}) { return add(RELUME_CHANGE_STORE, l); }
  ChangeSet& revert(relume_layer l = {0}) { return add(RELUME_CHANGE_REVERT, l); }
  ChangeSet& reset(relume_layer l = {0}) { return add(RELUME_CHANGE_RESET, l); }
  ChangeSet& remove(relume_layer l) { return add(RELUME_CHANGE_REMOVE, l); }
  ChangeSet& move(relume_layer l, relume_layer before = {0}) { return add(RELUME_CHANGE_MOVE, l, before); }
  ChangeSet& enable(relume_layer l, bool on) { return add(RELUME_CHANGE_ENABLE, l, {0}, on); }
  ChangeSet& bypass(relume_layer l, bool on) { return add(RELUME_CHANGE_BYPASS, l, {0}, on); }
  /// The key is borrowed until apply().
  ChangeSet& retype(relume_layer l, const char* type_key) {
    add(RELUME_CHANGE_RETYPE, l);
    changes_.back().type_key = type_key;
    return *this;
  }
  /// The key is borrowed until apply().
  ChangeSet& rename(relume_layer l, const char* new_key) {
    add(RELUME_CHANGE_RENAME, l);
    changes_.back().key = new_key;
    return *this;
  }
  /// The key is borrowed until apply().
  ChangeSet& record(const char* key, relume_record_kind kind, const std::string& bytes) {
    add(RELUME_CHANGE_RECORD, relume_param{0}, text(bytes));
    changes_.back().key = key;
    changes_.back().flag = static_cast<std::uint32_t>(kind);
    return *this;
  }
  /// The key is borrowed until apply().
  ChangeSet& remove_record(const char* key) {
    add(RELUME_CHANGE_RECORD_REMOVE, relume_layer{0});
    changes_.back().key = key;
    return *this;
  }
  /// The keys are borrowed until apply().
  ChangeSet& add_layer(const char* key, const char* type_key, relume_layer before = {0}) {
    add(RELUME_CHANGE_ADD, relume_layer{0}, before);
    changes_.back().key = key;
    changes_.back().type_key = type_key;
    return *this;
  }
  const relume_change* data() const noexcept { return changes_.data(); }
  std::size_t size() const noexcept { return changes_.size(); }
  void clear() noexcept { changes_.clear(), texts_.clear(); }

 private:
  ChangeSet& add(relume_change_kind kind, relume_param p, relume_value v) {
    relume_change change{};
    change.kind = static_cast<std::uint32_t>(kind);
    change.param = p;
    change.value = v;
    if (v.type == RELUME_TEXT && v.as.text.data != nullptr) {
      texts_.push_back(std::make_shared<const std::string>(v.as.text.data, v.as.text.size));
      change.value.as.text.data = texts_.back()->data();
    }
    changes_.push_back(change);
    return *this;
  }
  ChangeSet& add(relume_change_kind kind, relume_layer l, relume_layer before = {0}, bool flag = false) {
    relume_change change{};
    change.kind = static_cast<std::uint32_t>(kind);
    change.layer = l;
    change.before = before;
    change.flag = flag ? 1U : 0U;
    changes_.push_back(change);
    return *this;
  }
  std::vector<relume_change> changes_;
  std::vector<std::shared_ptr<const std::string>> texts_;  // what changes point to, in copies of this set too
};

/// A record's bytes and what they are.
struct Record {
  std::string bytes;
  relume_record_kind kind;
};

/// A value and the tier that it comes from.
struct Reading {
  relume_value value;
  relume_tier tier;
};

/// One open show. Mutations and queries may be called from every thread; a rejected mutation throws and changes nothing.
class Show {
 public:
  /// Opens and recovers. \throws Error RELUME_E_OWNED when another process has it, and as relume_show_open says.
  explicit Show(const Schema& schema, const relume_show_options& options = RELUME_SHOW_OPTIONS_INIT) {
    relume_error error = RELUME_ERROR_INIT;
    detail::check(relume_show_open(schema.get(), &options, &handle_->raw, &error), error);
  }
  /// Takes over a handle that the C API opened.
  explicit Show(relume_show* opened) { handle_->raw = opened; }
  Show(Show&&) = default;
  Show& operator=(Show&&) = default;
  Show(const Show&) = delete;
  Show& operator=(const Show&) = delete;
  ~Show() = default;
  /// Closes now and says so; the destructor closes too.
  /// \throws Error RELUME_E_UNSAVED or RELUME_E_TIMEOUT when it is closed, and not all is well; RELUME_E_STATE when it stays open.
  void close() {
    relume_error error = RELUME_ERROR_INIT;
    const relume_result result = relume_show_close(get(), &error);
    if (result == RELUME_OK || result == RELUME_E_UNSAVED || result == RELUME_E_TIMEOUT) {
      if (handle_ != nullptr) handle_->raw = nullptr;
      handle_.reset();
    }
    detail::check(result, error);
  }
  /// nullptr once it is closed or moved from; every call then throws RELUME_E_INVALID.
  relume_show* get() const noexcept { return handle_ != nullptr ? handle_->raw : nullptr; }

  relume_show_info info() const {
    relume_show_info info = RELUME_SHOW_INFO_INIT;
    call([&](relume_error* e) { return relume_show_info_get(get(), &info, e); });
    return info;
  }
  relume_recovery recovery() const {
    relume_recovery report = RELUME_RECOVERY_INIT;
    call([&](relume_error* e) { return relume_recovery_get(get(), &report, e); });
    return report;
  }
  relume_candidate candidate(std::uint32_t n) const {
    relume_candidate candidate = RELUME_CANDIDATE_INIT;
    call([&](relume_error* e) { return relume_candidate_get(get(), n, &candidate, e); });
    return candidate;
  }
  relume_status status() const {
    relume_status status = RELUME_STATUS_INIT;
    call([&](relume_error* e) { return relume_status_get(get(), &status, e); });
    return status;
  }

  relume_layer layer(const std::string& key) const {
    relume_layer layer{0};
    call([&](relume_error* e) { return relume_layer_find(get(), key.c_str(), &layer, e); });
    return layer;
  }
  /// Layer handles, bottom to top.
  std::vector<relume_layer> layers() const {
    std::vector<relume_layer> all;
    relume_layer layer{0};
    for (std::uint32_t i = 0; relume_layer_at(get(), i, &layer, nullptr) == RELUME_OK; ++i) all.push_back(layer);
    return all;
  }
  relume_layer_info layer_info(relume_layer layer) const {
    relume_layer_info info = RELUME_LAYER_INFO_INIT;
    call([&](relume_error* e) { return relume_layer_info_get(get(), layer, &info, e); });
    return info;
  }
  relume_param param(const std::string& route) const {
    relume_param param{0};
    call([&](relume_error* e) { return relume_param_find(get(), route.c_str(), &param, e); });
    return param;
  }
  relume_param_info param_info(relume_param param) const {
    relume_param_info info = RELUME_PARAM_INFO_INIT;
    call([&](relume_error* e) { return relume_param_info_get(get(), param, &info, e); });
    return info;
  }
  std::int32_t label(relume_param param, const std::string& text) const {
    std::int32_t index = 0;
    call([&](relume_error* e) { return relume_param_label_find(get(), param, text.c_str(), &index, e); });
    return index;
  }

  relume_outcome set(relume_param p, const relume_value& v) {
    return mutate([&](auto* o, auto* e) { return relume_value_set(get(), p, &v, o, e); });
  }
  relume_outcome persist(relume_param p, const relume_value& v) {
    return mutate([&](auto* o, auto* e) { return relume_value_persist(get(), p, &v, o, e); });
  }
  relume_outcome set_many(const relume_param* params, const relume_value* values, std::size_t count) {
    return mutate([&](auto* o, auto* e) { return relume_values_set(get(), params, values, count, o, e); });
  }
  relume_outcome store(relume_layer l = {0}) {
    return mutate([&](auto* o, auto* e) { return relume_store(get(), l, o, e); });
  }
  relume_outcome revert(relume_layer l = {0}) {
    return mutate([&](auto* o, auto* e) { return relume_revert(get(), l, o, e); });
  }
  relume_outcome reset(relume_layer l = {0}) {
    return mutate([&](auto* o, auto* e) { return relume_reset(get(), l, o, e); });
  }
  relume_outcome apply(const ChangeSet& set) {
    return mutate([&](auto* o, auto* e) { return relume_apply(get(), set.data(), set.size(), o, e); });
  }
  relume_layer add_layer(const std::string& key, const std::string& type_key, relume_layer before = {0}) {
    relume_layer layer{0};
    mutate([&](auto* o, auto* e) { return relume_layer_add(get(), key.c_str(), type_key.c_str(), before, &layer, o, e); });
    return layer;
  }
  relume_outcome remove_layer(relume_layer l) {
    return mutate([&](auto* o, auto* e) { return relume_layer_remove(get(), l, o, e); });
  }
  relume_outcome move_layer(relume_layer l, relume_layer before = {0}) {
    return mutate([&](auto* o, auto* e) { return relume_layer_move(get(), l, before, o, e); });
  }
  relume_outcome retype_layer(relume_layer l, const std::string& type_key) {
    return mutate([&](auto* o, auto* e) { return relume_layer_retype(get(), l, type_key.c_str(), o, e); });
  }
  /// Routes change, handles do not.
  relume_outcome rename_layer(relume_layer l, const std::string& new_key) {
    return mutate([&](auto* o, auto* e) { return relume_layer_rename(get(), l, new_key.c_str(), o, e); });
  }
  relume_outcome enable_layer(relume_layer l, bool on) {
    return mutate([&](auto* o, auto* e) { return relume_layer_enable(get(), l, on ? 1 : 0, o, e); });
  }
  relume_outcome bypass_layer(relume_layer l, bool on) {
    return mutate([&](auto* o, auto* e) { return relume_layer_bypass(get(), l, on ? 1 : 0, o, e); });
  }

  /// Reads your own write. \throws Error RELUME_E_UNKNOWN_ROUTE
  Reading get_value(relume_param param) const {
    Reading reading{};
    call([&](relume_error* e) { return relume_value_get(get(), param, &reading.value, &reading.tier, e); });
    return reading;
  }
  std::string get_text(relume_param param, relume_tier* tier = nullptr) const {
    std::string out(RELUME_TEXT_MAX + 1, '\0');
    std::size_t size = 0;
    call([&](relume_error* e) { return relume_text_get(get(), param, out.data(), out.size(), &size, tier, e); });
    out.resize(size);
    return out;
  }
  relume_outcome set_record(const std::string& key, relume_record_kind kind, const std::string& bytes) {
    return mutate([&](auto* o, auto* e) {
      return relume_record_set(get(), key.c_str(), static_cast<std::uint32_t>(kind), bytes.data(), bytes.size(), o, e);
    });
  }
  relume_outcome remove_record(const std::string& key) {
    return mutate([&](auto* o, auto* e) { return relume_record_remove(get(), key.c_str(), o, e); });
  }
  /// \throws Error RELUME_E_UNKNOWN_ROUTE when there is none.
  Record record(const std::string& key) const {
    Record record{};
    std::uint32_t kind = 0;
    std::size_t size = 0;
    do {  // somebody may set it in between
      record.bytes.resize(size);
      call([&](relume_error* e) {
        return relume_record_get(get(), key.c_str(), record.bytes.data(), record.bytes.size(), &size, &kind, e);
      });
    } while (size > record.bytes.size());
    record.bytes.resize(size);
    record.kind = static_cast<relume_record_kind>(kind);
    return record;
  }
  std::vector<std::string> record_keys() const {
    std::vector<std::string> keys;
    char key[64];
    while (relume_record_key(get(), keys.size(), key, sizeof key) > 0) keys.emplace_back(key);
    return keys;
  }
  relume_explanation explain(relume_param param) const {
    relume_explanation out = RELUME_EXPLANATION_INIT;
    call([&](relume_error* e) { return relume_explain(get(), param, &out, e); });
    return out;
  }

  /// Every parameter of a layer, in the order of its type, at one moment. \throws Error RELUME_E_UNKNOWN_LAYER
  std::vector<relume_explanation> explain_layer(relume_layer layer) const {
    std::vector<relume_explanation> out;
    std::size_t count = layer_info(layer).param_count;
    do {  // a change of type in between may have given it more
      out.assign(count, RELUME_EXPLANATION_INIT);
      call([&](relume_error* e) { return relume_explain_layer(get(), layer, out.data(), out.size(), &count, e); });
    } while (count > out.size());
    out.resize(count);
    return out;
  }

  /// Asks for a save of everything at once; the ticket is for save_wait().
  std::uint64_t save() {
    std::uint64_t ticket = 0;
    call([&](relume_error* e) { return relume_save(get(), &ticket, e); });
    return ticket;
  }
  /// \throws Error RELUME_E_TIMEOUT while it is pending.
  relume_save_result save_wait(std::uint64_t ticket, std::int64_t timeout_ns) {
    relume_save_result result = RELUME_SAVE_RESULT_INIT;
    call([&](relume_error* e) { return relume_save_wait(get(), ticket, timeout_ns, &result, e); });
    return result;
  }
  /// Saves what is unsaved. \throws Error as relume_flush says.
  void flush(std::int64_t timeout_ns) {
    call([&](relume_error* e) { return relume_flush(get(), timeout_ns, e); });
  }
  /// \throws Error RELUME_E_TIMEOUT when the revision has not reached the level by then.
  void wait(std::uint64_t revision, relume_level level, std::int64_t timeout_ns) {
    call([&](relume_error* e) {
      return relume_wait(get(), revision, static_cast<std::uint32_t>(level), timeout_ns, e);
    });
  }
  /// True when every candidate of recovery has been looked at by then.
  bool recovery_wait(std::int64_t timeout_ns) { return relume_recovery_wait(get(), timeout_ns, nullptr) == RELUME_OK; }
  relume_outcome accept(relume_choice choice) {
    return mutate([&](auto* o, auto* e) { return relume_accept(get(), static_cast<std::uint32_t>(choice), o, e); });
  }
  relume_health health() const {
    relume_health health{};
    relume_health_init(&health, sizeof health);
    call([&](relume_error* e) { return relume_health_get(get(), &health, e); });
    return health;
  }
  std::string health_json() const {
    std::string json;
    std::size_t size = relume_health_json(get(), nullptr, 0);
    while (size >= json.size()) {  // it may grow in between: a number, a component's report
      json.resize(size + 256);
      size = relume_health_json(get(), json.data(), json.size());
    }
    json.resize(size);
    return json;
  }

  /// Prepares a type, new or defined anew; ends in commit_type() or abort_type().
  relume_type_change prepare_type(const LayerType& type) {
    const relume_layer_type_def def = type.def();
    relume_type_change change{0};
    call([&](relume_error* e) { return relume_type_prepare(get(), &def, &change, e); });
    return change;
  }
  relume_type_change prepare_retype(relume_layer layer, const std::string& type_key) {
    relume_type_change change{0};
    call([&](relume_error* e) { return relume_retype_prepare(get(), layer, type_key.c_str(), &change, e); });
    return change;
  }
  relume_outcome commit_type(relume_type_change change) {
    return mutate([&](auto* o, auto* e) { return relume_type_commit(get(), change, o, e); });
  }
  void abort_type(relume_type_change change, const std::string& why) {
    call([&](relume_error* e) { return relume_type_abort(get(), change, why.c_str(), e); });
  }
  /// What became of every value at a change of type, by the revision of its outcome or event. \throws Error RELUME_E_STATE
  std::vector<relume_type_fate> type_report(std::uint64_t revision, std::uint64_t* omitted = nullptr) const {
    std::vector<relume_type_fate> out;
    std::size_t count = 0;
    do {
      out.assign(count, RELUME_TYPE_FATE_INIT);
      call([&](relume_error* e) {
        return relume_type_report(get(), revision, out.data(), out.size(), &count, omitted, e);
      });
    } while (count > out.size());
    return out;
  }
  /// Records that a build failed before there was a definition to prepare.
  void fail_type(const std::string& type_key, const std::string& why) {
    call([&](relume_error* e) { return relume_type_fail(get(), type_key.c_str(), why.c_str(), e); });
  }
  /// Why the last build of a type failed; empty when it did not.
  std::string type_failure(const std::string& type_key) const {
    std::string why(RELUME_TEXT_MAX + 1, '\0');
    why.resize(relume_type_failure(get(), type_key.c_str(), why.data(), why.size()));
    return why;
  }
  /// Puts the health of a part of the host beside the show's own.
  void report_health(const std::string& component, relume_health_level level, const std::string& json) {
    call([&](relume_error* e) {
      return relume_health_report(get(), component.c_str(), static_cast<std::uint32_t>(level), json.c_str(), e);
    });
  }
  /// Takes a component's report back.
  void withdraw_health(const std::string& component) {
    call([&](relume_error* e) { return relume_health_report(get(), component.c_str(), 0, nullptr, e); });
  }

  /// Composes in the frame role. Wait-free.
  std::uint64_t compose(std::int64_t now_ns) noexcept { return relume_compose(get(), now_ns); }
  Reader reader() {
    relume_reader* raw = nullptr;
    call([&](relume_error* e) { return relume_reader_open(get(), &raw, e); });
    return Reader(handle_, raw);
  }
  Source source(const relume_source_options& options = RELUME_SOURCE_OPTIONS_INIT) {
    relume_source* raw = nullptr;
    call([&](relume_error* e) { return relume_source_open(get(), &options, &raw, e); });
    return Source(handle_, raw);
  }
  Stream stream(relume_param first, std::size_t count, const relume_source_options& options = RELUME_SOURCE_OPTIONS_INIT) {
    relume_stream* raw = nullptr;
    call([&](relume_error* e) { return relume_stream_open(get(), &options, first, count, &raw, e); });
    return Stream(handle_, raw);
  }
  Events events() {
    relume_events* raw = nullptr;
    call([&](relume_error* e) { return relume_events_open(get(), nullptr, nullptr, &raw, e); });
    return Events(handle_, raw);
  }
  /// One look of the disk thread, for shows opened with RELUME_SHOW_NO_THREADS.
  void disk_tick() {
    call([&](relume_error* e) { return relume_disk_tick(get(), e); });
  }
  /// One look of the control thread, for shows opened with RELUME_SHOW_NO_THREADS.
  void tick() {
    call([&](relume_error* e) { return relume_control_tick(get(), e); });
  }

 private:
  template <class F>
  static void call(F f) {
    relume_error error = RELUME_ERROR_INIT;
    detail::check(f(&error), error);
  }
  template <class F>
  static relume_outcome mutate(F f) {
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    relume_error error = RELUME_ERROR_INIT;
    if (f(&outcome, &error) != RELUME_OK) throw Error(error, outcome.culprit);
    return outcome;
  }
  std::shared_ptr<detail::Open> handle_ = std::make_shared<detail::Open>(nullptr);
};

}  // namespace relume
