# Net::Stomp, of Debian's libnet-stomp-perl. Arguments: port, token, part ("look" or "late"), number of events.
# Its method ack() speaks STOMP 1.0: an ACK of 1.2 is sent as a frame.
use strict;
use warnings;
use Encode qw(decode_utf8);
use JSON::PP;
use Net::Stomp;

my ($port, $token, $part, $count) = @ARGV;
$| = 1;

sub show { print encode_json({@_}), "\n" }

sub enter {
    my $line = Net::Stomp->new({ hostname => '127.0.0.1', port => $port });
    my $answer = $line->connect({ login => '', passcode => $token, 'accept-version' => '1.2' });
    if ($answer->command eq 'ERROR') {
        show(error => $answer->headers->{code});
        exit;
    }
    $line->subscribe({ destination => '/user/events', id => '1', ack => 'client-individual' });
    return $line;
}

sub take {
    my $frame = shift->receive_frame;
    show(event => decode_utf8($frame->body), redelivered => $frame->headers->{redelivered});
    return $frame;
}

sub acknowledge {
    my ($line, $frame) = @_;
    my $ack = $frame->headers->{ack};
    $line->send_frame(Net::Stomp::Frame->new({ command => 'ACK', headers => { id => $ack }, body => '' }));
}

my $line = enter();
my @frames = map { take($line) } 1 .. $count;
if ($part eq 'late') {
    my $last = pop @frames;
    acknowledge($line, $_) for @frames;
    $line->disconnect;
    $line = enter();
    acknowledge($line, $last);
    # an ACK of the session before may still be on its way: its event comes first then
    my $frame;
    do {
        $frame = take($line);
        acknowledge($line, $frame);
    } until $frame->body eq $last->body;
}
$line->disconnect;
