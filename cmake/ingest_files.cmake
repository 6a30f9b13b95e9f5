# What ingest serves or makes its OpenAPI document from is compiled in: files.c defines the ingest_files[] that
# ingest/files.h declares. The two large files are Swagger UI's, which deploy/install fetched.
set(MILLRACE_DOCS ${CMAKE_SOURCE_DIR}/build/docs CACHE PATH "the documentation page that deploy/install fetched")

function(millrace_embed_files library)
    set(swagger_ui ${MILLRACE_DOCS}/drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist)
    set(zipped ${swagger_ui}/swagger-ui-bundle.js ${swagger_ui}/swagger-ui.css)
    foreach(file ${zipped})
        if(NOT EXISTS ${file})
            message(FATAL_ERROR "${file} is missing: run deploy/install, "
                                "or set MILLRACE_DOCS to the build/docs of a tree where it ran")
        endif()
    endforeach()
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ingest/page/* ${CMAKE_SOURCE_DIR}/ingest/api/*.json)
    set(output ${CMAKE_BINARY_DIR}/generated/files.c)
    set(generator ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DFILES=${files}" "-DZIPPED=${zipped}" -P ${generator}
        DEPENDS ${generator} ${files} ${zipped}
        COMMENT "ingest/page/*, ingest/api/*.json and Swagger UI -> files.c"
        VERBATIM)
    target_sources(${library} PRIVATE ${output})
endfunction()
