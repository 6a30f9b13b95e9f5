# Warnings are errors everywhere. Hardening is the OpenSSF list; a flag that this compiler lacks is left out.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

add_library(project_flags INTERFACE)

# Probed with -Werror, because clang only warns about a flag that it does not know.
function(millrace_flags kind)
    set(CMAKE_REQUIRED_FLAGS -Werror)
    foreach(flag ${ARGN})
        string(MAKE_C_IDENTIFIER "has${flag}" known)
        if(kind STREQUAL compile)
            check_c_compiler_flag(${flag} ${known})
        else()
            check_linker_flag(C ${flag} ${known})
        endif()
        if(${known} AND kind STREQUAL compile)
            target_compile_options(project_flags INTERFACE ${flag})
        elseif(${known})
            target_link_options(project_flags INTERFACE ${flag})
        endif()
    endforeach()
endfunction()

target_compile_definitions(project_flags INTERFACE _GNU_SOURCE)

millrace_flags(compile
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wcast-qual
    -Wpointer-arith -Wformat=2 -Wvla -Wswitch-enum -Wconversion -Wsign-conversion
    -Wimplicit-fallthrough -Wnull-dereference -Wundef -Wdouble-promotion -Wtrampolines
    -fno-strict-overflow -fno-delete-null-pointer-checks -fno-common
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

if(MILLRACE_SANITIZE)
    set(sanitize -fsanitize=${MILLRACE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(project_flags INTERFACE ${sanitize} -O1)
    target_link_options(project_flags INTERFACE ${sanitize})
else()
    # As options: definitions come first on the command line, where -U would undo them.
    target_compile_options(project_flags INTERFACE -U_FORTIFY_SOURCE
                                                   $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
    millrace_flags(compile
        -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard
        -ftrivial-auto-var-init=zero -fstrict-flex-arrays=3)
    millrace_flags(link
        -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen -Wl,--as-needed)
endif()

if(MILLRACE_FUZZ)
    target_compile_options(project_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# -fPIE alone does not make the program itself position independent.
target_link_options(project_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
