# The scripts of lua/ are compiled in: lua_scripts.c defines the lua_sources[] that common/io/script.h declares.
function(millrace_embed_lua library)
    file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lua/*.lua)
    file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lua/lib/*.lua)
    file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lua/lib/*.lua)
    if(NOT scripts OR NOT EXISTS ${CMAKE_SOURCE_DIR}/common/io/script.h)
        return()
    endif()
    set(output ${CMAKE_BINARY_DIR}/generated/lua_scripts.c)
    set(generator ${CMAKE_SOURCE_DIR}/cmake/embed_lua.cmake)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DSCRIPTS=${scripts}" -P ${generator}
        DEPENDS ${generator} ${scripts} ${parts}
        COMMENT "lua/*.lua -> lua_scripts.c"
        VERBATIM)
    target_sources(${library} PRIVATE ${output})
endfunction()
