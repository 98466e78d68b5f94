// SPDX-License-Identifier: Apache-2.0
#include "live/page_tree.hpp"

#include <utility>

namespace relume::core {
namespace {

unsigned levels_for(std::uint32_t blocks) {
  unsigned levels = 1;
  for (std::uint64_t reach = kNodeChildren; reach < blocks; reach *= kNodeChildren) ++levels;
  return levels;
}

std::size_t nodes_for(std::uint32_t blocks) {
  std::size_t nodes = 0;
  for (std::size_t level = blocks; level > 1;) nodes += level = (level + kNodeChildren - 1) / kNodeChildren;
  return nodes + 1;
}

// Roots that can be alive at once: two in the composer's hands while it compares, one in the mailbox, one being edited, one
// retained for the disk.
constexpr std::size_t kAlive = 5;

}  // namespace

PageTree::PageTree(std::uint32_t blocks)
    : blocks_(blocks),
      levels_(levels_for(blocks)),
      pages_(kAlive * blocks),
      nodes_(kAlive * nodes_for(blocks)),
      roots_(8) {
  touched_.reserve(blocks);
  replaced_.reserve(blocks + nodes_for(blocks));
  // No push below may have to allocate: a change that the mirror has must be published. Twice what can be alive, and what
  // collect() leaves at the front.
  garbage_.reserve(2 * kAlive * (blocks + nodes_for(blocks)) + 8192);
  kept_.reserve(blocks + nodes_for(blocks));
}

PageTree::~PageTree() {
  for (std::size_t i = garbage_begin_; i < garbage_.size(); ++i) {
    if (garbage_[i].object.kind() == Kind::stack) delete garbage_[i].object.as<const StackView>();
  }
  delete stack_;
}

void PageTree::begin(std::uint64_t revision) {
  ++version_;
  revision_ = revision;
  top_before_ = top_;
  touched_.clear();
  replaced_.clear();
}

template <class T>
void* PageTree::place_in(Pool<T>& pool) {
  for (std::size_t before = garbage_.size() + 1; pool.empty() && garbage_.size() - garbage_begin_ < before;) {
    before = garbage_.size() - garbage_begin_;
    collect(64);
  }
  return pool.take();
}

template <class T>
T* PageTree::make(Pool<T>& pool, const T* from) {
  void* place = place_in(pool);
  T* made = from != nullptr ? new (place) T(*from) : new (place) T();
  made->created = version_;
  made->revision = revision_;
  return made;
}

Node* PageTree::edit_node(const void*& place) {
  const auto* node = static_cast<const Node*>(place);
  if (node != nullptr && node->created == version_) return const_cast<Node*>(node);
  Node* made = make(nodes_, node);
  if (node != nullptr) replaced_.emplace_back(node, Kind::node);
  place = made;
  return made;
}

Page& PageTree::edit(std::uint32_t block) {
  const void** place = &top_;
  for (unsigned level = levels_; level > 0; --level) {
    Node* node = edit_node(*place);
    place = &node->child[(block >> (kNodeBits * (level - 1))) & (kNodeChildren - 1U)];
  }
  const auto* page = static_cast<const Page*>(*place);
  if (page != nullptr && page->created == version_) return *const_cast<Page*>(page);
  Page* made = make(pages_, page);
  if (page != nullptr) replaced_.emplace_back(page, Kind::page);
  touched_.push_back(block);
  *place = made;
  return *made;
}

void PageTree::abort() {
  free_made(top_, levels_);
  top_ = top_before_;
  --version_;
}

// What the edit in progress made is below what it made.
void PageTree::free_made(const void* at, unsigned level) {
  if (at == nullptr) return;
  if (level == 0) {
    if (static_cast<const Page*>(at)->created == version_) free({at, Kind::page});
    return;
  }
  const auto* node = static_cast<const Node*>(at);
  if (node->created != version_) return;
  for (const void* child : node->child) free_made(child, level - 1);
  free({at, Kind::node});
}

void PageTree::publish(std::uint64_t revision, std::uint64_t order, std::unique_ptr<const StackView> stack) {
  const StackView* stack_before = nullptr;
  if (stack != nullptr) stack_before = std::exchange(stack_, stack.release());
  Root* root = new (place_in(roots_)) Root{version_, revision, order, stack_, top_};
  Root* before = published_;
  published_ = root;
  Root* unread = mailbox_.exchange(root, order::kRootPublish);
  if (before != nullptr) {
    if (unread == nullptr) {
      last_taken_ = before->version;
      garbage_.push_back({{before, Kind::root}, version_});
    } else {
      roots_.give(unread);
    }
  }
  for (const Object replaced : replaced_) discard(replaced);
  if (stack_before != nullptr) discard({stack_before, Kind::stack});
  // A bounded part of the composer's leavings each time: more than an edit adds, so the queue drains.
  collect(2 * replaced_.size() + 16);
}

std::uint64_t PageTree::Object::created() const {
  switch (kind()) {
    case Kind::page: return as<const Page>()->created;
    case Kind::node: return as<const Node>()->created;
    case Kind::root: return as<const Root>()->version;
    case Kind::stack: break;
  }
  return as<const StackView>()->created;
}

void PageTree::discard(Object object) {
  const Garbage garbage{object, version_};
  if (object.created() > last_taken_) {
    free_unless_retained(garbage);  // only in roots that no composer ever took
  } else {
    garbage_.push_back(garbage);
  }
}

PageTree::Picture PageTree::retain() {
  retained_ = version_;
  return {top_};
}

bool PageTree::release(std::size_t at_most) {
  retained_ = 0;
  for (; at_most > 0 && !kept_.empty(); --at_most) {
    free(kept_.back());
    kept_.pop_back();
  }
  return kept_.empty();
}

void PageTree::free_unless_retained(const Garbage& garbage) {
  const Object object = garbage.object;
  const bool page_or_node = object.kind() == Kind::page || object.kind() == Kind::node;
  if (page_or_node && retained_ < garbage.replaced && object.created() <= retained_) {
    kept_.push_back(object);
  } else {
    free(object);
  }
}

void PageTree::free(Object object) {
  switch (object.kind()) {
    case Kind::page: pages_.give(object.as<Page>()); break;
    case Kind::node: nodes_.give(object.as<Node>()); break;
    case Kind::root: roots_.give(object.as<Root>()); break;
    case Kind::stack: delete object.as<const StackView>(); break;
  }
}

void PageTree::collect(std::size_t at_most) {
  const std::uint64_t held = held_version_.load(order::kRootHeld);
  for (; at_most > 0 && garbage_begin_ < garbage_.size() && garbage_[garbage_begin_].replaced <= held; --at_most) {
    free_unless_retained(garbage_[garbage_begin_++]);
  }
  if (garbage_begin_ == garbage_.size()) {
    garbage_.clear();
    garbage_begin_ = 0;
  } else if (garbage_begin_ > 4096 && garbage_begin_ > garbage_.size() / 2) {
    garbage_.erase(garbage_.begin(), garbage_.begin() + static_cast<std::ptrdiff_t>(garbage_begin_));
    garbage_begin_ = 0;
  }
}

}  // namespace relume::core
