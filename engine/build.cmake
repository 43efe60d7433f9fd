# Stages of the engine in pipeline order, their warnings and flavours.
# hgr_stage(name SOURCES ...): one OBJECT library; it sees itself and the public headers.

option(HGR_OPENMP "Use OpenMP for the parallel loops; without it everything runs on one thread" ON)
option(HGR_WERROR "Treat warnings as errors" OFF)
set(HGR_FLAVOUR release CACHE STRING "release, debug, asan, tsan, cover or fuzz")
set_property(CACHE HGR_FLAVOUR PROPERTY STRINGS release debug asan tsan cover fuzz)

add_library(hgr_flags INTERFACE)
target_compile_features(hgr_flags INTERFACE c_std_11)
target_compile_definitions(hgr_flags INTERFACE _DEFAULT_SOURCE _FILE_OFFSET_BITS=64)
target_compile_options(hgr_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wcast-qual -Wvla -Wundef -fno-common -fvisibility=hidden
  $<$<BOOL:${HGR_WERROR}>:-Werror>)

if(HGR_FLAVOUR STREQUAL release)
  target_compile_options(hgr_flags INTERFACE -O2 -g -fno-plt)
elseif(HGR_FLAVOUR STREQUAL debug)
  target_compile_options(hgr_flags INTERFACE -O0 -g)
elseif(HGR_FLAVOUR STREQUAL asan)
  target_compile_options(hgr_flags INTERFACE -O1 -g -fno-omit-frame-pointer
    -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(hgr_flags INTERFACE -fsanitize=address,undefined)
elseif(HGR_FLAVOUR STREQUAL tsan)
  target_compile_options(hgr_flags INTERFACE -O1 -g -fsanitize=thread)
  target_link_options(hgr_flags INTERFACE -fsanitize=thread)
elseif(HGR_FLAVOUR STREQUAL cover)
  target_compile_options(hgr_flags INTERFACE -O0 -g --coverage)
  target_link_options(hgr_flags INTERFACE --coverage)
elseif(HGR_FLAVOUR STREQUAL fuzz)
  target_compile_options(hgr_flags INTERFACE -O1 -g -fno-omit-frame-pointer
    -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined)
  target_link_options(hgr_flags INTERFACE -fsanitize=address,undefined)
else()
  message(FATAL_ERROR "HGR_FLAVOUR is '${HGR_FLAVOUR}'; expected release, debug, asan, tsan, cover or fuzz")
endif()

if(HGR_OPENMP)
  find_package(OpenMP REQUIRED COMPONENTS C)
  target_link_libraries(hgr_flags INTERFACE OpenMP::OpenMP_C)
else()
  target_compile_options(hgr_flags INTERFACE -Wno-unknown-pragmas)
endif()

find_package(PkgConfig REQUIRED)
find_package(roaring REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(JSONC REQUIRED IMPORTED_TARGET json-c)
find_package(ZLIB REQUIRED)
set(HGR_LIBRARIES roaring::roaring PkgConfig::XXHASH PkgConfig::ZSTD PkgConfig::JSONC ZLIB::ZLIB)

set(HGR_STAGE_OBJECTS "")
macro(hgr_stage name)
  cmake_parse_arguments(STAGE "" "" "SOURCES" ${ARGN})
  add_library(hgr_${name} OBJECT ${STAGE_SOURCES})
  set_target_properties(hgr_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(hgr_${name} PRIVATE ${HGR_PUBLIC_INCLUDE})
  target_link_libraries(hgr_${name} PRIVATE hgr_flags ${HGR_LIBRARIES})
endmacro()
