# tests/fuzz/NAME_fuzz.cpp becomes NAME_fuzz, a libFuzzer executable. CTest runs each for a short,
# bounded while, from the corpus in tests/fuzz/NAME/ if there is one; run it by hand for longer.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "libFuzzer comes with clang: use the preset fuzz")
endif()
# Every object is instrumented, only the fuzzers are linked with libFuzzer's main().
set(fuzz_link_flags -fsanitize=fuzzer)

file(GLOB sources CONFIGURE_DEPENDS fuzz/*_fuzz.cpp)
foreach(source ${sources})
    cmake_path(GET source STEM name)
    string(REGEX REPLACE "_fuzz$" "" subject ${name})
    add_executable(${name} ${source})
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ferrule_config ferrule_flags)
    target_link_options(${name} PRIVATE ${fuzz_link_flags})
    set(corpus "")
    if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${subject})
        set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${subject})
    endif()
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/found/${subject})
    add_test(NAME fuzz.${subject}
        COMMAND ${name} -max_total_time=60 -timeout=10 -rss_limit_mb=2048
            ${CMAKE_CURRENT_BINARY_DIR}/found/${subject} ${corpus})
    set_tests_properties(fuzz.${subject} PROPERTIES
        LABELS fuzz TIMEOUT 240 ENVIRONMENT "${FERRULE_TEST_ENVIRONMENT}")
endforeach()
