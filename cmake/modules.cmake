# How a folder of the tree becomes a library or a program. A header is included by its path from the root of the tree or
# from common/, so that "base/must.h" says which layer it is of.
function(millrace_library name folder)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.c)
    list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${folder}/main.c)
    if(sources)
        add_library(${name} STATIC ${sources})
        set(scope PUBLIC)
    else()
        add_library(${name} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(${name} ${scope} ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/common
                                                ${CMAKE_BINARY_DIR}/generated)
    target_link_libraries(${name} ${scope} ${ARGN} project_flags)
endfunction()

function(millrace_program folder program)
    millrace_library(${folder} ${folder} ${ARGN})
    if(EXISTS ${CMAKE_SOURCE_DIR}/${folder}/main.c)
        add_executable(${program} ${folder}/main.c)
        target_link_libraries(${program} PRIVATE ${folder})
    endif()
endfunction()
