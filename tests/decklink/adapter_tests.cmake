# The adapter: its parts by themselves, and libraries that are not quite a card's.
list(APPEND relume_thread_tests decklink_adapter_test decklink_parts_test)
set(decklink_fakes ${CMAKE_CURRENT_BINARY_DIR}/fakes)
foreach(fake IN ITEMS WITHOUT_ITERATOR NULL_ITERATOR EMPTY_ITERATOR CAPTURE_CARD)
  string(TOLOWER decklink_fake_${fake} name)
  add_library(${name} MODULE adapter_fake_library.cpp)
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${decklink_fakes})
  target_compile_definitions(${name} PRIVATE FAKE_LIBRARY=FAKE_${fake})
  target_link_libraries(${name} PRIVATE relume_decklink_abi relume_build_options)
  list(APPEND fakes ${name})
endforeach()
relume_test(decklink_parts_test SOURCES adapter_parts_test.cpp adapter_loader_test.cpp
  LIBRARIES relume_rig_decklink nlohmann_json::nlohmann_json fmt::fmt)
target_compile_definitions(decklink_parts_test PRIVATE RELUME_FAKE_LIBRARIES="${decklink_fakes}")
add_dependencies(decklink_parts_test ${fakes})

# The adapter on the emulated card, in one process.
relume_test(decklink_adapter_test
  SOURCES adapter_test.cpp adapter_faults_test.cpp adapter_session_test.cpp adapter_stage.cpp
  LIBRARIES relume_rig_decklink PkgConfig::XXHASH TIMEOUT 300)
target_compile_definitions(decklink_adapter_test PRIVATE RELUME_VIRTUAL_CARD="$<TARGET_FILE:virtual_card>")
add_dependencies(decklink_adapter_test virtual_card)

# The program for owners of a card. Times are part of what it says, and a sanitizer would change them.
if(TARGET relume-card-check AND NOT RELUME_SANITIZE)
  add_test(NAME rig_card_check COMMAND ${RELUME_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/card_check_test.py)
  set(check_environment
    RELUME_CARD_CHECK=$<TARGET_FILE:relume-card-check>
    RELUME_VIRTUAL_CARD=$<TARGET_FILE:virtual_card>
    RELUME_FAKE_LIBRARIES=${decklink_fakes}
    PYTHONDONTWRITEBYTECODE=1)
  set_tests_properties(rig_card_check PROPERTIES LABELS rig TIMEOUT 90 RUN_SERIAL TRUE ENVIRONMENT "${check_environment}")
endif()
