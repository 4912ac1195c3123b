# Compiler settings of every Rollcall target, gathered in one interface library.
add_library(rollcall_settings INTERFACE)
target_include_directories(rollcall_settings INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_features(rollcall_settings INTERFACE cxx_std_20)
target_compile_options(rollcall_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast -Wundef -fno-omit-frame-pointer)
# GCC 12 warns of overlapping copies inside its own std::string (GCC bug 105651), and of members of
# a std::variant that is moved from (GCC bug 105562 and its kin), when it optimises.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(rollcall_settings INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_UNITY_BUILD)  # a class of one source may use what only that source can name
  target_compile_options(rollcall_settings INTERFACE -Wno-subobject-linkage)
endif()
if(ROLLCALL_WARNINGS_AS_ERRORS)
  target_compile_options(rollcall_settings INTERFACE -Werror)
endif()
if(ROLLCALL_SANITIZE)
  target_compile_options(rollcall_settings INTERFACE
    -fsanitize=${ROLLCALL_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(rollcall_settings INTERFACE -fsanitize=${ROLLCALL_SANITIZE})
  if(ROLLCALL_SANITIZE MATCHES thread)
    target_compile_options(rollcall_settings INTERFACE -Wno-tsan)  # fences inside Asio
  endif()
endif()

# Builds of the same source in several directories share compiled files. ccache caches files that
# include a precompiled header only with this sloppiness.
find_program(ROLLCALL_CCACHE ccache)
if(ROLLCALL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ROLLCALL_CCACHE})
endif()

# rollcall_library(NAME [COLD] SOURCES ... [LINK ...]): a static library with these settings. COLD:
# its code runs once per process, so it is optimised less and builds faster.
function(rollcall_library name)
  cmake_parse_arguments(arg "COLD" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC rollcall_settings ${arg_LINK})
  if(arg_COLD)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()
