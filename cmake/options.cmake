# How the project's own code is compiled and linked: options, and the target `ferrule_flags` that
# carries what only our own targets get. Sanitizers and coverage go to everything in this build.

option(FERRULE_TESTS "Build the tests (needs GoogleTest)" ON)
option(FERRULE_WERROR "Warnings are errors" OFF)
option(FERRULE_COVERAGE "Count executed lines with gcov" OFF)
option(FERRULE_FUZZ "Build tests/fuzz instead of the other tests (needs clang++)" OFF)
set(FERRULE_SANITIZERS "" CACHE STRING "address,undefined or thread; empty for none")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

# NDEBUG is for the libraries: our own CHECK stays on in every build.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(CMAKE_CXX_FLAGS_DEBUG STREQUAL "-g") # CMake's own; a preset or a person may have said otherwise
    set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
endif()

find_program(FERRULE_CCACHE ccache)
if(FERRULE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT FERRULE_COVERAGE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${FERRULE_CCACHE})
endif()

add_library(ferrule_flags INTERFACE)
target_compile_options(ferrule_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    $<$<BOOL:${FERRULE_WERROR}>:-Werror>)
target_compile_definitions(ferrule_flags INTERFACE BOOST_ASIO_NO_DEPRECATED)

if(FERRULE_SANITIZERS)
    set(flags -fsanitize=${FERRULE_SANITIZERS} -fno-omit-frame-pointer)
    if(FERRULE_SANITIZERS MATCHES "undefined")
        # `vptr` looks at memory through a pipe(2): where a test takes all descriptors, it reports
        # faults that are none.
        list(APPEND flags -fno-sanitize-recover=all -fno-sanitize=vptr)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
            # clang 14 cannot compile coroutines with it ("difference across sections").
            list(APPEND flags -fno-sanitize=function)
        endif()
    endif()
    if(FERRULE_SANITIZERS MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Asio's fences are seen as nothing by ThreadSanitizer, which g++ warns of at each.
        list(APPEND flags -Wno-tsan)
    endif()
    add_compile_options(${flags})
    add_link_options(${flags})
    add_compile_definitions(_GLIBCXX_ASSERTIONS)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    # Hardening, as Debian builds its own daemons. Not with sanitizers: they do better, and
    # _FORTIFY_SOURCE would hide calls from them.
    add_compile_options(-fstack-protector-strong -Wformat -Werror=format-security)
    add_compile_definitions(_FORTIFY_SOURCE=2)
    add_link_options(-Wl,-z,relro -Wl,-z,now)
    # Where it was built is nobody's business, and equal sources give equal binaries.
    add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT FERRULE_IPO LANGUAGES CXX)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${FERRULE_IPO})
endif()

if(FERRULE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(FERRULE_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()
