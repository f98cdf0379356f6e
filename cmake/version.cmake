# Makes generated/base/version.hpp: the version, and the git revision where git knows one. It is
# made when CMake runs, and CMake runs again when HEAD has moved, so that a build without a new
# commit has nothing to do.

set(FERRULE_REVISION "" CACHE STRING "The revision, where no git can be asked (Dockerfile)")
find_package(Git QUIET)
if(Git_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
    function(ask_git result)
        execute_process(COMMAND ${GIT_EXECUTABLE} ${ARGN}
            WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
            OUTPUT_VARIABLE answer ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
        set(${result} "${answer}" PARENT_SCOPE)
    endfunction()

    ask_git(FERRULE_REVISION describe --always --tags --abbrev=12)
    ask_git(head_log rev-parse --git-path logs/HEAD)
    cmake_path(ABSOLUTE_PATH head_log BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    if(EXISTS "${head_log}" AND NOT IS_DIRECTORY "${head_log}")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${head_log}")
    endif()
endif()

configure_file(${PROJECT_SOURCE_DIR}/daemon/base/version.hpp.in
    ${PROJECT_BINARY_DIR}/generated/base/version.hpp @ONLY)
