# cmake -DOUTPUT=lua_scripts.c -DSCRIPTS=a.lua;b.lua -P embed_lua.cmake
# A line "--@include NAME" stands for the text of lib/NAME.lua beside the script. Texts are handled as hexadecimal bytes:
# every byte is written as an escape and every line ends its literal, so nothing in a script can be read as CMake or as C.
set(entries "")
foreach(script IN LISTS SCRIPTS)
    get_filename_component(name ${script} NAME_WE)
    get_filename_component(folder ${script} DIRECTORY)
    file(READ ${script} bytes HEX)
    file(STRINGS ${script} includes REGEX "^--@include ")
    foreach(include IN LISTS includes)
        string(REPLACE "--@include " "" part ${include})
        file(READ ${folder}/lib/${part}.lua part_bytes HEX)
        string(HEX "\n${include}\n" line)
        string(REPLACE "${line}" "0a${part_bytes}" bytes "${bytes}")
    endforeach()
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
    string(REPLACE "\\x0a" "\\x0a\"\n     \"" bytes "${bytes}")
    string(APPEND entries "    {\"${name}\",\n     \"${bytes}\"},\n")
endforeach()

file(WRITE ${OUTPUT} "#include \"io/script.h\"\n
const struct lua_source lua_sources[] = {\n${entries}};\n
const size_t lua_sources_count = sizeof lua_sources / sizeof lua_sources[0];\n")
