# ruby-stomp, of Debian's ruby-stomp. Arguments: port, token, part ("look" or "late"), number of events.
require 'json'
require 'stomp'

PORT, TOKEN, PART, COUNT = ARGV[0].to_i, ARGV[1], ARGV[2], ARGV[3].to_i

def show(what)
  puts what.to_json
  $stdout.flush
end

def enter
  line = Stomp::Connection.new(
    hosts: [{ host: '127.0.0.1', port: PORT }],
    reliable: false,
    # without a login it sends no passcode of its own
    connect_headers: { 'accept-version' => '1.2', 'host' => 'sluice', 'heart-beat' => '1000,1000', 'passcode' => TOKEN }
  )
  frame = line.connection_frame
  if frame.command == 'ERROR'
    show(error: frame.headers['code'])
    exit
  end
  line.subscribe('/user/events', { 'id' => '1', 'ack' => 'client-individual' })
  line
end

def take(line)
  message = line.receive
  show(event: message.body, redelivered: message.headers['redelivered'])
  message
end

def leave(line)
  line.disconnect('receipt' => 'bye')
  receipt = line.disconnect_receipt
  show(receipt: receipt.headers['receipt-id']) if receipt
end

begin
  line = enter
rescue Stomp::Error::BrokerException, Stomp::Error::ConnectReadTimeout => e
  show(error: e.message)
  exit
end
messages = Array.new(COUNT) { take(line) }
if PART == 'late'
  messages[0..-2].each { |message| line.ack(message.headers['ack']) }
  leave(line)
  line = enter
  line.ack(messages.last.headers['ack'])
  # an ACK of the session before may still be on its way: its event comes first then
  loop do
    message = take(line)
    line.ack(message.headers['ack'])
    break if message.body == messages.last.body
  end
end
leave(line)
