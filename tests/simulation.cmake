# The endings on a simulated kernel and clock (docs/simulation.md): the linker sends the system calls
# of ferrule_net to seam.cpp. A call that is missing here meets a descriptor that the real kernel does
# not know.
file(GLOB simulation_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/simulation/*.cpp)
add_executable(simulation ${simulation_sources})
target_link_libraries(simulation PRIVATE ferrule_test_flags ferrule_session)
foreach(call socket connect close recv send shutdown setsockopt getsockopt ioctl epoll_ctl epoll_wait)
    target_link_options(simulation PRIVATE "LINKER:--wrap=${call}")
endforeach()
set(simulation_sessions 10000)
if(FERRULE_SANITIZERS)
    set(simulation_sessions 1000)
endif()
add_test(NAME simulation.ten_thousand
    COMMAND ${launcher} $<TARGET_FILE:simulation> --sessions ${simulation_sessions} --seed 1)
set_tests_properties(simulation.ten_thousand PROPERTIES
    ENVIRONMENT "${FERRULE_TEST_ENVIRONMENT}" LABELS simulation TIMEOUT ${unit_timeout})
add_test(NAME simulation.against_kernel
    COMMAND ${launcher} $<TARGET_FILE:simulation> --against-kernel --sessions 200 --seed 1)
set_tests_properties(simulation.against_kernel PROPERTIES
    ENVIRONMENT "${FERRULE_TEST_ENVIRONMENT}" LABELS simulation TIMEOUT ${unit_timeout})
