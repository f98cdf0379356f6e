#include "config/text_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferrule::config {

namespace {

struct descriptor {
    int number = -1;
    ~descriptor()
    {
        if (number >= 0)
            ::close(number);
    }
};

text_file failed(std::string why)
{
    return {{}, 0, std::move(why)};
}

text_file failed_with_errno()
{
    return failed("cannot be read: " + std::generic_category().message(errno));
}

} // namespace

text_file read_text_file(const std::string& path)
{
    // O_NONBLOCK, since opening a FIFO without a writer would wait for one.
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file.number < 0)
        return failed_with_errno();

    struct stat facts {};
    if (::fstat(file.number, &facts) != 0)
        return failed_with_errno();
    if (S_ISDIR(facts.st_mode))
        return failed("is a directory");
    if (!S_ISREG(facts.st_mode))
        return failed("is not a regular file");

    // One byte more than allowed, so that a file that grows meanwhile is noticed as well.
    std::string text(max_file_size + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.number, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed_with_errno();
        if (got == 0)
            break;
        size += static_cast<std::size_t>(got);
    }
    if (size > max_file_size)
        return failed("is larger than 1 MiB");
    text.resize(size);
    text.shrink_to_fit();
    return {std::move(text), facts.st_mode & 0777u, {}};
}

} // namespace ferrule::config
