// Byte strings, each kept once, in the order of their first appearance.
#pragma once
#include "Scanner.hpp"
#include <vector>

namespace csimdjson {

class Interner {
public:
    size_t count() const { return entries.size(); }
    Span text(size_t index) const { return {bytes.data() + entries[index].offset, entries[index].length}; }
    Hash128 hash(size_t index) const { return entries[index].hash; }

    uint32_t intern(Span name) {
        // Bodies name few things many times: the last one with the same cheap hash is tried before anything is hashed.
        uint32_t &recent = front[cheap_hash(name)];
        if (recent < entries.size() && equals(recent, name)) return recent;
        const Hash128 hash = stable_hash(name.start, name.length);
        if (2 * (entries.size() + 1) > slots.size()) rehash(slots.empty() ? 64 : 2 * slots.size());
        for (size_t slot = hash.low & (slots.size() - 1);; slot = (slot + 1) & (slots.size() - 1)) {
            if (slots[slot] == 0) {
                entries.push_back({bytes.size(), name.length, hash});
                bytes.insert(bytes.end(), name.start, name.start + name.length);
                slots[slot] = uint32_t(entries.size());
                return recent = uint32_t(entries.size() - 1);
            }
            const uint32_t index = slots[slot] - 1;
            if (entries[index].hash.low == hash.low && equals(index, name)) return recent = index;
        }
    }

    /// Forgets all but the first `kept`.
    void truncate(size_t kept) {
        if (kept == entries.size()) return;
        bytes.resize(entries[kept].offset);
        entries.resize(kept);
        rehash(slots.size());
    }

private:
    struct Entry {
        size_t offset, length;
        Hash128 hash;
    };

    /// Reads up to eight bytes behind the name, in the padding that every name has: in the body or of its own.
    static size_t cheap_hash(Span name) {
        const uint64_t mask = name.length >= 8 ? ~0ULL : (1ULL << (8 * name.length)) - 1;
        uint64_t mixed = load64(name.start) & mask;
        if (name.length > 8) mixed ^= load64(name.start + name.length - 8) * 31;
        return (mixed ^ name.length) * 0x9E3779B97F4A7C15ULL >> 56;
    }

    bool equals(uint32_t index, Span name) const {
        const Entry &entry = entries[index];
        if (entry.length != name.length) return false;
        // As long as all names are empty there are no bytes, and memcmp takes no null even for none of them.
        return name.length == 0 || std::memcmp(bytes.data() + entry.offset, name.start, name.length) == 0;
    }

    void rehash(size_t size) {
        slots.assign(size, 0);
        for (size_t index = 0; index < entries.size(); index += 1) {
            size_t slot = entries[index].hash.low & (size - 1);
            while (slots[slot] != 0) slot = (slot + 1) & (size - 1);
            slots[slot] = uint32_t(index + 1);
        }
    }

    std::vector<uint8_t> bytes;
    std::vector<Entry> entries;
    std::vector<uint32_t> slots; // 0 is free, otherwise index + 1; the size is a power of two
    uint32_t front[256] = {0};
};

} // namespace csimdjson
