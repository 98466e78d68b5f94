// SPDX-License-Identifier: Apache-2.0
// The realtime side: compose, read, automate.
#include "capi/handles.hpp"

using namespace relume::core;
using namespace relume::core::capi;

namespace {

template <class T>
relume_result info_of(const T& source, relume_source_info* info) noexcept RELUME_NONBLOCKING {
  if (info == nullptr || info->struct_size < 2 * sizeof(std::uint32_t)) return RELUME_E_INVALID;
  if (info->struct_size > sizeof(relume_source_info)) return RELUME_E_VERSION;
  relume_source_info full = RELUME_SOURCE_INFO_INIT;
  full.struct_size = info->struct_size;
  source.info(full);
  std::memcpy(info, &full, info->struct_size);
  return RELUME_OK;
}

/// Opens a source or a stream: `open` makes what is behind the handle.
template <class Handle, class Open>
Fault open_writer(relume_show* show, const relume_source_options* options,
                  std::vector<std::unique_ptr<Handle>> relume_show::* list, Handle*& out, Open open) {
  out = nullptr;
  if (show == nullptr) return null_argument("show");
  relume_source_options full = RELUME_SOURCE_OPTIONS_INIT;
  if (options != nullptr) {
    if (Fault fault = take(options, full, "relume_source_options")) return fault;
  }
  Handle* handle = show->keep(show->*list, std::make_unique<Handle>());
  if (Fault fault = guarded_fault([&] { return open(full, *handle); })) {
    show->drop(show->*list, handle);
    return fault;
  }
  out = handle;
  return {};
}

}  // namespace

extern "C" {

uint64_t relume_compose(relume_show* show, int64_t now_ns) RELUME_NONBLOCKING {
  return show != nullptr ? show->show->composer().compose(now_ns) : 0;
}

relume_result relume_reader_open(relume_show* show, relume_reader** out_reader, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_reader == nullptr) return null_argument("out_reader");
    *out_reader = nullptr;
    if (show == nullptr) return null_argument("show");
    relume_reader* handle = show->keep(show->readers, std::make_unique<relume_reader>());
    if (Fault fault = show->show->open_reader(handle->number)) return show->drop(show->readers, handle), fault;
    *out_reader = handle;
    return {};
  });
}

void relume_reader_close(relume_reader* reader) {
  if (reader == nullptr) return;
  reader->owner->show->close_reader(reader->number);
  reader->owner->drop(reader->owner->readers, reader);
}

const relume_frame* relume_reader_acquire(relume_reader* reader) RELUME_NONBLOCKING {
  return reader != nullptr ? reader->owner->show->acquire(reader->number) : nullptr;
}

relume_result relume_frame_retain(const relume_frame* frame) RELUME_NONBLOCKING {
  return frame != nullptr ? FrameStore::retain(frame) : RELUME_E_INVALID;
}

void relume_frame_release(const relume_frame* frame) {
  if (frame != nullptr) FrameStore::release(frame);
}

const relume_slot* relume_frame_at(const relume_frame* frame, relume_param param) RELUME_NONBLOCKING {
  return frame != nullptr ? FrameStore::at(frame, param) : nullptr;
}

size_t relume_frame_layout(const relume_frame* frame, relume_layer layer, relume_frame_param* rows,
                           size_t capacity) RELUME_NONBLOCKING {
  return frame != nullptr ? FrameStore::layout(frame, layer, rows, capacity) : 0;
}

relume_result relume_source_open(relume_show* show, const relume_source_options* options, relume_source** out_source,
                                 relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_source == nullptr) return null_argument("out_source");
    return open_writer(show, options, &relume_show::sources, *out_source,
                       [&](const auto& full, auto& handle) { return show->show->open_source(full, handle.source); });
  });
}

void relume_source_close(relume_source* source) {
  if (source == nullptr) return;
  source->owner->show->close_source(*source->source);
  source->owner->drop(source->owner->sources, source);
}

relume_result relume_overlay_write(relume_source* source, relume_param param, const relume_value* value,
                                   int64_t now_ns) RELUME_NONBLOCKING {
  if (source == nullptr || value == nullptr) return RELUME_E_INVALID;
  return source->source->write(param, *value, now_ns);
}

relume_result relume_overlay_write_many(relume_source* source, const relume_overlay_value* values, size_t count,
                                        int64_t now_ns, size_t* out_culprit) RELUME_NONBLOCKING {
  if (source == nullptr || (values == nullptr && count > 0)) return RELUME_E_INVALID;
  return source->source->write_many(values, count, now_ns, out_culprit);
}

relume_result relume_overlay_release(relume_source* source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING {
  return source != nullptr ? source->source->release(param, now_ns) : RELUME_E_INVALID;
}

relume_result relume_gesture_begin(relume_source* source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING {
  return source != nullptr ? source->source->begin_gesture(param, now_ns) : RELUME_E_INVALID;
}

relume_result relume_gesture_change(relume_source* source, relume_param param, const relume_value* value,
                                    int64_t now_ns) RELUME_NONBLOCKING {
  if (source == nullptr || value == nullptr) return RELUME_E_INVALID;
  return source->source->change_gesture(param, *value, now_ns);
}

relume_result relume_gesture_end(relume_source* source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING {
  return source != nullptr ? source->source->end_gesture(param, now_ns) : RELUME_E_INVALID;
}

relume_result relume_gesture_abort(relume_source* source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING {
  return source != nullptr ? source->source->abort_gesture(param, now_ns) : RELUME_E_INVALID;
}

relume_result relume_source_info_get(const relume_source* source, relume_source_info* info) RELUME_NONBLOCKING {
  return source != nullptr ? info_of(*source->source, info) : RELUME_E_INVALID;
}

relume_result relume_stream_open(relume_show* show, const relume_source_options* options, relume_param first,
                                 size_t count, relume_stream** out_stream, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_stream == nullptr) return null_argument("out_stream");
    return open_writer(show, options, &relume_show::streams, *out_stream, [&](const auto& full, auto& handle) {
      return show->show->open_stream(full, first, count, handle.stream);
    });
  });
}

void relume_stream_close(relume_stream* stream) {
  if (stream == nullptr) return;
  stream->owner->show->close_source(*stream->stream);
  stream->owner->drop(stream->owner->streams, stream);
}

relume_result relume_stream_write(relume_stream* stream, const float* values, size_t count, int64_t now_ns,
                                  size_t* out_culprit) RELUME_NONBLOCKING {
  if (stream == nullptr || values == nullptr) return RELUME_E_INVALID;
  return stream->stream->write(values, count, now_ns, out_culprit);
}

relume_result relume_stream_info_get(const relume_stream* stream, relume_source_info* info) RELUME_NONBLOCKING {
  return stream != nullptr ? info_of(*stream->stream, info) : RELUME_E_INVALID;
}

}  // extern "C"
