// The interface that a plugin was built for, as a text that the host reads from its file before any
// of its instructions runs.
//
// The text is in a header because Swift emits a C definition into every object that uses it. So a
// plugin contains the text of its own build, and its author writes nothing for it. The compiler is
// part of the text, because Swift has no stable ABI on Linux.
#ifndef ZOO_INTERFACE_H
#define ZOO_INTERFACE_H

/// Raise it with every change of a public type of ZooKit: its stored properties, the requirements
/// of a protocol, the cases of an enum, a signature.
#define ZOO_INTERFACE "zoo plugin 5"

// Weak, because every object of a plugin may contain it. A section of its own would be simpler to
// find, but Swift 6.3 then emits objects without relocations in unoptimised builds.
__attribute__((weak, visibility("default"))) const char zoo_plugin_interface[] =
    ZOO_INTERFACE ", clang " __clang_version__;

static inline const char *zoo_interface(void) { return zoo_plugin_interface; }

#endif
