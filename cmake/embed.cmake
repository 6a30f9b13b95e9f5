# cmake -DOUTPUT=files.c -DFILES=a.html;b.js -DZIPPED=c.js -P embed.cmake
# Writes ingest_files[] of ingest/files.h. ZIPPED files are there compressed too, which is done here, once. Bytes are
# written as escapes, like the scripts: nothing in a file can be read as CMake or as C.
cmake_minimum_required(VERSION 3.25)

function(add_slice file)
    file(SIZE ${file} size)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
    string(REGEX REPLACE "(\\\\x0a)" "\\1\"\n      \"" bytes "${bytes}")
    set(entries "${entries},\n     {\"${bytes}\",\n      ${size}}" PARENT_SCOPE)
endfunction()

set(entries "")
foreach(file IN LISTS FILES ZIPPED)
    get_filename_component(name ${file} NAME)
    string(APPEND entries "    {\"${name}\"")
    add_slice(${file})
    if(file IN_LIST ZIPPED)
        file(ARCHIVE_CREATE OUTPUT ${OUTPUT}.gz PATHS ${file} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
        add_slice(${OUTPUT}.gz)
    else()
        string(APPEND entries ",\n     {0}")
    endif()
    string(APPEND entries "},\n")
endforeach()

file(WRITE ${OUTPUT} "#include \"ingest/files.h\"\n
const struct file ingest_files[] = {\n${entries}};\n
const size_t ingest_files_count = sizeof ingest_files / sizeof ingest_files[0];\n")
