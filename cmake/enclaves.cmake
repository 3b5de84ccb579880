# Enclave programs: one static PIE ELF each, from a job's sources and the enclave room.
function(brume_job name)
endfunction()
