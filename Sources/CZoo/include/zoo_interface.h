// What a plugin was built for, as a text that a host reads in its file before a single instruction
// of the plugin runs.
//
// The text is in a header because Swift puts a definition of C into every object that uses it: a
// plugin carries what its own build saw, and its author writes nothing for it. The compiler is part
// of it, for Swift promises no stable layout on Linux.
#ifndef ZOO_INTERFACE_H
#define ZOO_INTERFACE_H

/// To be raised with every change of a public type of ZooKit: its stored properties, the
/// requirements of a protocol, the cases of an enum, a signature.
#define ZOO_INTERFACE "zoo plugin 3"

// Weak, for every object of a plugin may have it. A section of its own would be simpler to find,
// but Swift 6.3 then writes objects without relocations where it does not optimise.
__attribute__((weak, visibility("default"))) const char zoo_plugin_interface[] =
    ZOO_INTERFACE ", clang " __clang_version__;

static inline const char *zoo_interface(void) { return zoo_plugin_interface; }

#endif
