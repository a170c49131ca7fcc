// What a plugin was built for, as text in the section `zoo_interface` of its file, where a host
// reads it before a single instruction of the plugin runs.
//
// The text is in a header because Swift puts a static variable of C into every object that uses it:
// a plugin carries what its own build saw, and its author writes nothing for it. The compiler is
// part of it, for Swift promises no stable layout on Linux.
#ifndef ZOO_INTERFACE_H
#define ZOO_INTERFACE_H

/// To be raised with every change of a public type of ZooKit: its stored properties, the
/// requirements of a protocol, the cases of an enum, a signature.
#define ZOO_INTERFACE "zoo plugin 1"

static const char zoo_interface_text[] __attribute__((used, retain, section("zoo_interface"))) =
    ZOO_INTERFACE ", clang " __clang_version__;

static inline const char *zoo_interface(void) { return zoo_interface_text; }

#endif
