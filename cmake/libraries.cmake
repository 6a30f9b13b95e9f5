# Third-party libraries as imported targets. They are looked for under MILLRACE_DEPS first, then where Debian has them;
# the names of msgpack-c differ between Debian 12 and 13.

# millrace_third_party(NAME HEADER LIBRARY...): LIBRARY... are other names of the same file.
function(millrace_third_party name header)
    find_path(${name}_INCLUDE_DIR ${header} HINTS ${MILLRACE_DEPS}/include)
    find_library(${name}_LIBRARY NAMES ${ARGN} HINTS ${MILLRACE_DEPS}/lib)
    if(NOT ${name}_INCLUDE_DIR OR NOT ${name}_LIBRARY)
        message(FATAL_ERROR "${header} or its library is missing: run deploy/install, "
                            "or set MILLRACE_DEPS to the build/deps of a tree where it ran")
    endif()
    add_library(third_party::${name} UNKNOWN IMPORTED)
    set_target_properties(third_party::${name} PROPERTIES IMPORTED_LOCATION ${${name}_LIBRARY})
    target_include_directories(third_party::${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIR})
    mark_as_advanced(${name}_INCLUDE_DIR ${name}_LIBRARY)
endfunction()

millrace_third_party(yyjson yyjson.h yyjson)
millrace_third_party(msgpack msgpack.h msgpack-c msgpackc)
millrace_third_party(crypto openssl/evp.h crypto)
millrace_third_party(ssl openssl/ssl.h ssl)
millrace_third_party(event event2/event.h event_core)
millrace_third_party(llhttp llhttp.h llhttp)
millrace_third_party(hiredis_core hiredis/hiredis.h hiredis)
millrace_third_party(hiredis_ssl hiredis/hiredis_ssl.h hiredis_ssl)
millrace_third_party(curl curl/curl.h curl)
if(NOT MILLRACE_SANITIZE)
    millrace_third_party(tcmalloc gperftools/tcmalloc.h tcmalloc_minimal)
endif()

target_link_libraries(third_party::ssl INTERFACE third_party::crypto)
add_library(third_party::hiredis INTERFACE IMPORTED)
target_link_libraries(third_party::hiredis
                      INTERFACE third_party::hiredis_ssl third_party::hiredis_core third_party::ssl)

if(MILLRACE_TESTS)
    millrace_third_party(cmocka cmocka.h cmocka)
endif()
